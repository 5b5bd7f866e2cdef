// The requests that wrk sends to a verifier.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder } from './portal.mjs';

let scripts = 0;
function script(lua) {
  const file = join(folder, `ask-${++scripts}.lua`);
  writeFileSync(file, lua);
  return file;
}

const body = key => `'{"key":"' .. ${key} .. '","scopes":["read"]}'`;

const verifies = root => `wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer ${root}"
`;

// Sends one request, and returns the response.
export async function ask(base, key, root) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${root}`, connection: 'close' };
  const said = await fetch(`${base}/v1/keys/verify`, { method: 'POST', headers, body: JSON.stringify({ key }) });
  return said.json();
}

export const verify_args = (base, key, root) => [
  '-s',
  script(`${verifies(root)}wrk.body = ${body(`'${key}'`)}\n`),
  `${base}/v1/keys/verify`,
];

export const auth_args = (base, key) => ['-H', `x-api-key: ${key}`, `${base}/v1/auth?scope=read`];

// Another key at each request: `count` of the secrets in `file` from number `first`, in a loop.
export const verify_each_args = (base, file, root, first, count) => [
  '-s',
  script(`${verifies(root)}
local secrets, at = {}, 0
local skipped = 0
for line in io.lines("${file}") do
  skipped = skipped + 1
  if skipped > ${first} then secrets[#secrets + 1] = line end
  if #secrets == ${count} then break end
end
function request()
  at = at % #secrets + 1
  return wrk.format(nil, nil, nil, ${body('secrets[at]')})
end
`),
  `${base}/v1/keys/verify`,
];

// The same for gateways.
export const auth_each_args = (base, file, first, count) => [
  '-s',
  script(`local secrets, at = {}, 0
local skipped = 0
for line in io.lines("${file}") do
  skipped = skipped + 1
  if skipped > ${first} then secrets[#secrets + 1] = line end
  if #secrets == ${count} then break end
end
function request()
  at = at % #secrets + 1
  return wrk.format("GET", "/v1/auth", { ["x-api-key"] = secrets[at] })
end
`),
  `${base}/v1/auth`,
];

// Unknown keys with a valid checksum: each has to be looked up, or its sender throttled.
export const unknown_args = (base, address) => [
  '-s',
  script(`local bit = require("bit")
local alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
local crcs = {}
for byte = 0, 255 do
  local crc = byte
  for _ = 1, 8 do
    crc = bit.bxor(bit.rshift(crc, 1), bit.band(crc, 1) == 1 and 0xEDB88320 or 0)
  end
  crcs[byte] = crc
end
local function checksum(text)
  local crc = 0xFFFFFFFF
  for at = 1, #text do
    crc = bit.bxor(bit.rshift(crc, 8), crcs[bit.band(bit.bxor(crc, text:byte(at)), 255)])
  end
  local left, six = bit.bxor(crc, 0xFFFFFFFF) % 4294967296, ""
  for _ = 1, 6 do
    local digit = left % 62 + 1
    six, left = alphabet:sub(digit, digit) .. six, math.floor(left / 62)
  end
  return six
end
function init() math.randomseed(os.time()) end
function request()
  local parts = { "sk_live_" }
  for at = 2, 31 do
    local digit = math.random(62)
    parts[at] = alphabet:sub(digit, digit)
  end
  local text = table.concat(parts)
  return wrk.format("GET", "/v1/auth", { ["x-api-key"] = text .. checksum(text), ["x-forwarded-for"] = "${address}" })
end
`),
  `${base}/v1/auth`,
];
