import { spawnSync } from "node:child_process";
import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Whether others may read the file, which contains a key.
 * @param {string} path
 * @returns {string[]}
 */
export function warnings(path) {
  const told = [];
  if (process.platform !== "win32" && (modeOf(path) & 0o044) !== 0) {
    told.push(`${path} contains a key, and other users of this machine can read it: chmod 600 it.`);
  }
  if (isOpenToGit(path)) {
    told.push(`${path} contains a key, lies in a git work tree and is not ignored: add it to .gitignore.`);
  }
  return told;
}

/** @param {string} path */
function modeOf(path) {
  try {
    return statSync(path).mode;
  } catch {
    return 0;
  }
}

/** @param {string} path */
function isOpenToGit(path) {
  let real;
  try {
    real = realpathSync(path);
  } catch {
    return false;
  }
  const folder = dirname(real);
  let above = folder;
  while (!existsSync(join(above, ".git"))) {
    if (dirname(above) === above) return false;
    above = dirname(above);
  }
  // A hook sets these for its own repository.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
  const command = ["-c", "core.fsmonitor=false", "check-ignore", "--quiet", "--", basename(real)];
  // 1: not ignored, or tracked already. More: git can't tell.
  return spawnSync("git", command, { cwd: folder, env, stdio: "ignore", timeout: 10_000 }).status === 1;
}
