import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

const FOLDER = ["synheart", "synheart-core"];

/** @returns {string} */
export function platform() {
  return { darwin: "macos", win32: "windows", cygwin: "windows" }[/** @type {string} */ (process.platform)] ?? process.platform;
}

/** The same on each start on this machine, and nothing that identifies it elsewhere. */
export function deviceId() {
  const own = ["/etc/machine-id", "/var/lib/dbus/machine-id"].map(read).find((text) => text !== "") ?? hostname();
  return `dev_${createHash("sha256").update(`runtime-configuration:${own}`).digest("hex").slice(0, 32)}`;
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, "ascii").trim();
  } catch {
    return "";
  }
}

/** @param {Readonly<Record<string, string | undefined>>} environment */
export function dataDirectory(environment) {
  const under = (/** @type {string} */ variable, /** @type {string[]} */ ...parts) => {
    const base = environment[variable];
    return base ? join(base, ...parts) : undefined;
  };
  if (platform() === "windows") return under("APPDATA", ...FOLDER);
  if (platform() === "macos") return under("HOME", "Library", "Application Support", ...FOLDER);
  return under("HOME", ".synheart", "synheart-core");
}
