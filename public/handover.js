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
  opened.hidden = false;
  document.title = "Your credentials";
  field.focus();
  addEventListener("beforeunload", (event) => event.preventDefault());
}

let sending = false;
form.addEventListener("submit", async (event) => {
  if (!crypto.subtle) return;
  event.preventDefault();
  if (sending) return;
  sending = true;
  error.hidden = true;
  try {
    const secret = normal(code.value);
    const token = [...new Uint8Array(await derived(secret, "sallyport handover token v1"))];
    const body = new URLSearchParams({ token: token.map((byte) => byte.toString(16).padStart(2, "0")).join("") });
    if (passphrase) body.set("passphrase", passphrase.value);
    const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
    const { message, name, sealed } = await answer.json();
    if (answer.ok) show(name, await decrypted(secret, sealed));
    else say(message);
  } catch {
    say("The server could not be reached. Try again.");
  } finally {
    sending = false;
  }
});
