// Passkeys (WebAuthn), on pages with such a form. What to sign is asked for when the button is pressed; what the browser
// answers is sent with the form.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const UNUSED = {
  NotAllowedError: "No passkey was used: it was cancelled, or it took too long. Try again.",
  InvalidStateError: "This device has a passkey of your account already.",
};

async function options(form) {
  const body = new URLSearchParams({ for: form.dataset.passkey });
  const answer = await fetch(form.dataset.options, { method: "POST", body, headers: { accept: "application/json" } });
  if (answer.status === 409) throw new Error((await answer.json()).message);
  const { publicKey } = await answer.json();
  publicKey.challenge = bytes(publicKey.challenge);
  if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
  for (const one of [publicKey.allowCredentials, publicKey.excludeCredentials].flat()) if (one) one.id = bytes(one.id);
  return { publicKey };
}

/** The answer as JSON, with its bytes in base64url. */
function told({ id, rawId, type, response }) {
  const names = ["attestationObject", "authenticatorData", "clientDataJSON", "signature", "userHandle"];
  const parts = names.filter((name) => response[name]).map((name) => [name, text(response[name])]);
  return JSON.stringify({ id, rawId: text(rawId), type, response: Object.fromEntries(parts), extensions: {} });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const error = form.querySelector("[role=alert][hidden]");
  let asking = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (asking) return;
    asking = true;
    error.hidden = true;
    try {
      if (!window.PublicKeyCredential) throw new Error("This browser has no passkeys. Use another, or sign in in another way.");
      const asked = await options(form);
      const isNew = form.dataset.passkey === "add";
      const answer = await (isNew ? navigator.credentials.create(asked) : navigator.credentials.get(asked));
      form.elements.credential.value = told(answer);
      form.submit();
    } catch (failed) {
      const own = failed.constructor === Error && failed.message;
      error.textContent = UNUSED[failed.name] ?? (own || "The passkey could not be used. Try again, or sign in in another way.");
      error.hidden = false;
    } finally {
      asking = false;
    }
  });
}
