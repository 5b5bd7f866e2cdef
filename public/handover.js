// Opens credentials that were handed over by a link: a key and a token are derived from the code, only the token is sent, and
// the file is decrypted here. Where the browser has no WebCrypto (http to another machine), the form sends the code.
const form = document.getElementById("handover");
const { code, passphrase } = form.elements;
const { id } = form.dataset;
const error = document.getElementById("handover-error");
const bytes = (text) => new TextEncoder().encode(text);

// The code of the link, which is not left in the address.
if (location.hash) {
  code.value = location.hash.slice(1);
  code.closest(".field").hidden = true;
  history.replaceState(null, "", location.pathname);
}

const spoken = { O: "0", I: "1", L: "1" };
const normal = (text) => text.toUpperCase().replace(/[\s-]/g, "").replace(/[OIL]/g, (letter) => spoken[letter]);

async function derived(secret, purpose) {
  const key = await crypto.subtle.importKey("raw", bytes(secret), "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: bytes(id), info: bytes(purpose) };
  return crypto.subtle.deriveBits(how, key, 256);
}

async function decrypted(secret, sealed) {
  const raw = await derived(secret, "sallyport handover key v1");
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
  const all = Uint8Array.from(atob(sealed), (letter) => letter.charCodeAt(0));
  const how = { name: "AES-GCM", iv: all.slice(0, 12), additionalData: bytes(id) };
  return new TextDecoder().decode(await crypto.subtle.decrypt(how, key, all.slice(12)));
}

function say(message) {
  error.textContent = message;
  error.hidden = false;
  // The code can be typed again.
  code.closest(".field").hidden = false;
}

function show(name, text) {
  const opened = document.getElementById("handover-opened");
  const field = document.getElementById("handover-text");
  field.value = text;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.className = "btn btn-primary";
  link.textContent = "Download credentials JSON";
  field.closest("#handover-opened").querySelector(".actions").prepend(link);
  const card = form.parentElement;
  card.replaceChildren(opened);
  opened.className = "stack";
  opened.hidden = false;
  document.title = "Your credentials";
  field.focus();
  field.setSelectionRange(0, 0);
  addEventListener("beforeunload", (event) => event.preventDefault());
}

async function send(secret) {
  const token = [...new Uint8Array(await derived(secret, "sallyport handover token v1"))];
  const body = new URLSearchParams({ token: token.map((byte) => byte.toString(16).padStart(2, "0")).join("") });
  if (passphrase) body.set("passphrase", passphrase.value);
  return fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
}

// Somebody else opened it: the server tells the person who made the link.
if ("ended" in form.dataset && code.value && crypto.subtle) {
  await send(normal(code.value));
  form.hidden = true;
}

let sending = false;
if (!("ended" in form.dataset)) form.addEventListener("submit", async (event) => {
  if (!crypto.subtle) return;
  event.preventDefault();
  if (sending) return;
  sending = true;
  error.hidden = true;
  let handedOut = false;
  try {
    const secret = normal(code.value);
    const answer = await send(secret);
    handedOut = answer.ok;
    const said = answer.status < 500 ? await answer.json() : { message: "The server is busy. Try again in a few seconds." };
    if (answer.ok) show(said.name, await decrypted(secret, said.sealed));
    else say(said.message);
  } catch {
    say(handedOut ? "The credentials could not be read, and the link is used up. Ask for another." : "The server could not be reached. Try again.");
  } finally {
    sending = false;
  }
});
