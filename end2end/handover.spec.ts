// Credentials are handed over by a link that opens them once: decrypted by the browser or, without JavaScript, by typing a code.
import { expect, test } from './sallyport';
import { field, generateKey, hydrated, portalWithApp } from './steps';

test('a link opens the credentials once', async ({ page, browser, portal, javaScriptEnabled }) => {
  const scripts = javaScriptEnabled ?? true;
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Handed over' });
  await hydrated(page, scripts);
  const secret = await field(once, 'Secret key').inputValue();
  const opening = page.context().waitForEvent('page');
  await once.getByRole('button', { name: 'Hand over by link' }).click();
  const made = await opening;
  const link = await field(made, 'Link').inputValue();
  expect(link).toMatch(new RegExp(`^${portal.url}/handover/hnd_\\w{20}#[0-9A-Z]{26}$`));
  expect(await made.content()).not.toContain(secret);
  await made.close();
  await expect(once, 'the dialog is still open').toBeVisible();

  const other = await browser.newContext({ baseURL: portal.url, javaScriptEnabled: scripts });
  const visit = await other.newPage();
  const sent: string[] = [];
  visit.on('request', request => sent.push(request.url() + (request.postData() ?? '')));
  await visit.goto(link);
  const [address, code] = link.split('#') as [string, string];
  if (scripts) {
    await hydrated(visit);
    await expect(visit, 'the code does not stay in the address').toHaveURL(address);
    await expect(field(visit, 'Code')).toBeHidden();
  } else {
    await field(visit, 'Code').fill(`${code.slice(0, 13).toLowerCase()} ${code.slice(13)}`);
  }
  await visit.getByRole('button', { name: 'Open once' }).click();
  await expect(field(visit, 'Credentials')).toHaveValue(new RegExp(`"secret_key": "${secret}"`));
  if (scripts) {
    expect(sent.join('\n')).not.toContain(code);
    const download = visit.waitForEvent('download');
    await visit.getByRole('link', { name: 'Download credentials JSON' }).click();
    expect((await download).suggestedFilename()).toBe(`credentials-${app_id}.json`);
  }

  const late = await (await browser.newContext({ baseURL: portal.url, javaScriptEnabled: scripts })).newPage();
  expect((await late.goto(link))!.status()).toBe(410);
  await expect(late.getByRole('heading', { name: 'This link does not work' })).toBeVisible();
});

test('a passphrase is asked for, and a wrong one is said', async ({ page, browser, portal, javaScriptEnabled }) => {
  const scripts = javaScriptEnabled ?? true;
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Handed over' });
  await hydrated(page, scripts);
  const secret = await field(once, 'Secret key').inputValue();
  await once.getByText('Link options', { exact: true }).click();
  await once.getByRole('combobox', { name: 'Valid for' }).selectOption({ label: '1 hour' });
  await field(once, 'Passphrase').fill('correct horse');
  const opening = page.context().waitForEvent('page');
  await once.getByRole('button', { name: 'Hand over by link' }).click();
  const link = await field(await opening, 'Link').inputValue();

  const visit = await (await browser.newContext({ baseURL: portal.url, javaScriptEnabled: scripts })).newPage();
  await visit.goto(link);
  if (scripts) await hydrated(visit);
  for (const passphrase of ['wrong horse', 'correct horse']) {
    if (!scripts) await field(visit, 'Code').fill(link.split('#')[1]!);
    await visit.getByLabel('Passphrase').fill(passphrase);
    await visit.getByRole('button', { name: 'Open once' }).click();
    if (passphrase.startsWith('wrong')) await expect(visit.getByText('This is not the passphrase.').first()).toBeVisible();
  }
  await expect(field(visit, 'Credentials')).toHaveValue(new RegExp(secret));
});
