// A refused form keeps the input, shows each error with its field, and lists them at the top. Runs without JavaScript
// too: the server validates.
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { action, createOrganization, field, openPanel, openSetup, person, portalWithApp, setUp } from './steps';

/** Checks that the field is marked as invalid, is described by its error, and is named in the summary. */
async function refused(page: Page, control: Locator, words: RegExp) {
  await expect(control).toHaveAttribute('aria-invalid', 'true');
  await expect(control).toHaveAccessibleDescription(words);
  const summary = page.getByRole('alert');
  await expect(summary).toContainText(words);
  await expect(summary).toBeFocused();
}

test('setup: a short password', async ({ page }) => {
  await openSetup(page);
  await field(page, 'Name').fill(person.name);
  await field(page, 'Email').fill(person.email);
  await field(page, 'Password').fill('short');
  await stopBrowserChecks(page);
  await page.getByRole('button', { name: 'Create account' }).click();
  await refused(page, field(page, 'Password'), /12/);
  await expect(field(page, 'Name')).toHaveValue(person.name);
  await expect(field(page, 'Email')).toHaveValue(person.email);
  await expect(field(page, 'Password')).toHaveValue('');
});

test('organization: a name that is only spaces', async ({ page }) => {
  await setUp(page);
  await field(page, 'Organization name').fill('   ');
  await field(page, 'Description').fill('Kept');
  await page.getByRole('radio', { name: 'Enterprise', exact: true }).check();
  await stopBrowserChecks(page);
  await page.getByRole('button', { name: 'Create organization' }).click();
  await refused(page, field(page, 'Organization name'), /name/i);
  await expect(field(page, 'Description')).toHaveValue('Kept');
  await expect(page.getByRole('radio', { name: 'Enterprise', exact: true })).toBeChecked();
});

test('tenant, project and app: an empty name', async ({ page }) => {
  await setUp(page);
  await createOrganization(page, 'Focus Labs');
  for (const noun of ['tenant', 'project', 'app']) {
    await action(page, `New ${noun}`).click();
    const create = page.getByRole('button', { name: `Create ${noun}` });
    await stopBrowserChecks(page);
    await create.click();
    await refused(page, field(page, 'Name'), /name/i);
    await field(page, 'Name').fill(`Second ${noun}`);
    if (noun === 'app') await page.getByRole('combobox', { name: 'Operating system' }).selectOption({ label: 'Web' });
    await create.click();
    await expect(page).toHaveURL(new RegExp(`/${noun}s/`));
  }
});

test.describe('a key', () => {
  const cases: { what: string; spoil: (panel: Locator) => Promise<void>; words: RegExp }[] = [
    {
      what: 'with a label over 100 characters',
      spoil: async panel => field(panel, 'Label').fill('x'.repeat(101)),
      words: /100/,
    },
    {
      what: 'with a control character in the label',
      spoil: async panel => field(panel, 'Label').fill('bell\u0007'),
      words: /character/i,
    },
    {
      what: 'without a scope',
      spoil: async panel => panel.getByRole('checkbox', { name: 'Read', exact: true }).uncheck(),
      words: /scope/i,
    },
    {
      what: 'with an unknown scope',
      spoil: async panel => setValue(panel.getByRole('checkbox', { name: 'Read', exact: true }), 'everything'),
      words: /scope/i,
    },
    {
      what: 'of an unknown type',
      spoil: async panel =>
        panel.getByRole('combobox', { name: 'Key Type' }).evaluate((select: HTMLSelectElement) => {
          for (const option of select.options) option.value = 'moonbase';
        }),
      words: /type|environment/i,
    },
    {
      what: 'for an app of nobody',
      spoil: async panel =>
        panel.getByRole('combobox', { name: 'Choose App' }).evaluate((select: HTMLSelectElement) => {
          for (const option of select.options) option.value = 'app_elsewhere_aaaaaa';
        }),
      words: /app/i,
    },
    {
      what: 'with a tampered form token',
      spoil: async panel =>
        panel.evaluate(element => {
          const token = element.querySelector<HTMLInputElement>('input[name=form_token]');
          if (!token) throw new Error('no form token');
          token.value = 'tampered';
        }),
      words: /form/i,
    },
  ];

  test('that is refused is not created', async ({ page }) => {
    const { app_id } = await portalWithApp(page);
    for (const { what, spoil, words } of cases) {
      await test.step(what, async () => {
        const panel = await openPanel(page, app_id);
        await field(panel, 'Label').fill('Kept as typed');
        await panel.getByRole('checkbox', { name: 'Read', exact: true }).check();
        await spoil(panel);
        const label = await field(panel, 'Label').inputValue();
        await stopBrowserChecks(page);
        await panel.getByRole('button', { name: 'Generate key' }).click();

        const summary = page.getByRole('alert');
        await expect(summary).toContainText(words);
        await expect(field(panel, 'Label')).toHaveValue(label);
        await expect(page.getByRole('dialog', { name: 'Save your key' })).toHaveCount(0);
        await page.goto(`/apps/${app_id}/keys?include_revoked=true`);
        await expect(page.getByText('No API key yet')).toBeVisible();
      });
    }
  });
});

/** Turns off the browser's own validation, so that invalid input reaches the server. */
async function stopBrowserChecks(page: Page) {
  await page.evaluate(() => {
    for (const form of document.forms) form.noValidate = true;
  });
}

async function setValue(control: Locator, value: string) {
  await control.evaluate((input: HTMLInputElement, value) => {
    input.value = value;
  }, value);
}
