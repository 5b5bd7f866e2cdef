#!/usr/bin/env python3
"""Checks an export of Sallyport's audit log without Sallyport. The encoding is described in docs/audit.md.

    verify.py EXPORT.jsonl [--checkpoint FILE] [--public-key FILE] [--first-format-until SEQ]
    verify.py --proof PROOF.json --public-key FILE

EXPORT.jsonl is the whole log of one organization as JSON lines. The checkpoint is a signed note, or lines of JSON with
notes; the public keys are /.well-known/sallyport-audit.json, or verifier keys one a line. Needs Python 3.9, ed25519.py
and tree.py beside it, and nothing else. Exits with 0 if nothing is wrong, with 1 and the first wrong event if something is, with 2 if it is called wrongly.
"""

import argparse
import base64
import binascii
import json
import sys
from datetime import datetime, timedelta

sys.dont_write_bytecode = True
# Beside this file.
from ed25519 import has_signed  # noqa: E402
from tree import Tree, is_included, leaf_hash, sha256  # noqa: E402

ERASED = "Erased person"
FIRST_FORMAT = "first-format "
PERSONAL = ["actor_name", "target_name", "address", "user_agent", "details"]
EPOCH = datetime(1970, 1, 1)


# --- The hash of an event ---


class Number(str):
    """A number with a fraction, as it was written: another program would print it differently."""


def compact(value):
    """JSON without blanks, with the order of the line, and only those characters escaped that have to be."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(compact(name) + ":" + compact(of) for name, of in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def micros(time):
    return (datetime.fromisoformat(time.removesuffix("Z")) - EPOCH) // timedelta(microseconds=1)


def commitment(event, field):
    """The commitment to a personal field: made with its salt, or kept after the field was erased."""
    salt = event.get("salts", {}).get(field)
    if salt is None:
        return event["commitments"][field]
    return sha256(bytes.fromhex(salt), compact(event[field]).encode()).hex()


def event_hash(event, before, seq=None):
    """SHA-256 of the hash before and the event as a JSON array. `seq` is its number, if it is not to be its own."""
    seq = event["seq"] if seq is None else seq
    status = event["status"] or 0
    if event["format"] == 1:
        fields = [1, event["chain"], seq, micros(event["time"])]
        fields += [event[name] for name in ["actor_kind", "actor_id", "actor_name", "action"]]
        fields += [event[name] for name in ["target_kind", "target_id", "target_name", "app_id"]]
        fields += [status, event["address"], event["user_agent"], event["request_id"], event["details"]]
    else:
        fields = [2, event["chain"], seq, micros(event["time"]), event["actor_kind"], event["actor_id"]]
        fields += [event[name] for name in ["action", "target_kind", "target_id", "app_id"]]
        fields += [status, event["request_id"], [commitment(event, field) for field in PERSONAL]]
    return sha256(before, compact(fields).encode())


def is_hash_only(event):
    """Whether the fields of the hash are gone. Its hash fits whatever it contains: anybody could mark any event so."""
    return event["format"] == 1 and bool(event.get("erased"))


def has_hash(event, before, seq=None):
    if is_hash_only(event):
        return len(stored(event)) == 32
    return event_hash(event, before, seq) == stored(event)


def stored(event):
    return bytes.fromhex(event["hash"])


def not_erased(event):
    """A field that is marked as erased and contains something else than what an erasure leaves."""
    for field in event.get("commitments", {}):
        value = event[field]
        if field == "details":
            is_left = ERASED in value
        else:
            is_left = value == (ERASED if field.endswith("_name") else None)
        if not is_left:
            return field
    return None


def pruned_until(event):
    """Up to which event it says that those before were removed. Details that were erased could have been replaced."""
    if event["action"] != "events.pruned" or event["format"] == 1 or "details" in event.get("commitments", {}):
        return 0
    return json.loads(event["details"]).get("pruned_until", 0)


# --- Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint) ---


class Wrong(Exception):
    """Something that is wrong with the log, in a sentence."""


class Revoked(Wrong):
    """A checkpoint that nobody should rely on any more."""


def decoded(text):
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def key_id(name, public_key):
    return sha256(name.encode(), b"\n\1", public_key)[:4]


def public_keys(text):
    """The public keys, and of each whether it was revoked."""
    try:
        return [(decoded(key["public_key"]), key.get("revoked") is not None) for key in json.loads(text)["keys"]]
    except (ValueError, TypeError, KeyError):
        # The key alone, or name+id+key, where the key begins with the number of its algorithm.
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return [(decoded(line) if len(line) == 44 else decoded(line.split("+", 2)[-1])[1:], False) for line in lines]


def number(text):
    """A number that is written in the one way."""
    return int(text) if text.isascii() and text.isdecimal() and str(int(text)) == text else None


def open_note(note, keys):
    """The origin, size and root of a checkpoint that one of the keys has signed, and how many of its events are in the
    first format."""
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    lines = text.split("\n")
    if not blank or len(lines) < 4 or number(lines[1]) is None or len(decoded(lines[2])) != 32:
        raise Wrong("The checkpoint is not one: it is not a signed note.")
    size = number(lines[1])
    first = next((number(line[len(FIRST_FORMAT):]) for line in lines[3:] if line.startswith(FIRST_FORMAT)), 0)
    if first is None or first > size:
        raise Wrong("The checkpoint is not one: it is not a signed note.")
    is_revoked = False
    for line in signatures.split("\n"):
        if line.startswith("\u2014 ") and line.count(" ") == 2:
            _, name, signature = line.split(" ")
            signature = decoded(signature)
            for key, revoked in keys:
                if signature[:4] == key_id(name, key) and has_signed(key, text.encode(), signature[4:]):
                    if not revoked:
                        return lines[0], size, decoded(lines[2]), first
                    is_revoked = True
    if is_revoked:
        raise Revoked(f"The checkpoint of {size} events is signed with a key that was revoked: somebody else may have signed it.")
    raise Wrong(f"The checkpoint of {size} events is not signed with one of the public keys.")


def notes_in(text):
    if text.startswith("{"):
        try:
            return [json.loads(line)["note"] for line in text.splitlines() if line.strip()]
        except (ValueError, KeyError) as error:
            raise Wrong(f"The checkpoints can't be read: {error}.") from error
    return [text]


def open_notes(notes, keys):
    """Those that a valid key has signed. It is an error if there is none."""
    checkpoints, revoked = [], None
    for note in notes:
        try:
            checkpoints.append(open_note(note, keys))
        except Revoked as error:
            revoked = error
    if revoked and not checkpoints:
        raise revoked
    if revoked:
        print(f"{len(notes) - len(checkpoints)} of the checkpoints are signed with a key that was revoked, and not used.", file=sys.stderr)
    return checkpoints


# --- The chain ---


class Chain:
    """Checks events one after another. One event is held back, because the next shows what was done to it."""

    def __init__(self, first_format):
        self.name = None
        self.first_format = first_format  # Up to which event it goes, if that is known.
        self.seq = 0
        self.before = b""
        self.tree = Tree()
        self.ahead = []
        self.compared = 0
        self.proven = 0
        self.is_salted = False
        self.erased = 0
        self.hash_only = 0
        self.pruned = 0  # Up to which event only the tree over the hashes is left,
        self.said_pruned = 0  # up to which a later event says so,
        self.said_by = 0  # and that event: in an export anybody can write one, so a checkpoint has to cover it.
        self.needs_cover = False
        self.wrong = None

    def begin_after(self, line):
        """The first line may stand for events that were removed because of their age."""
        roots = [bytes.fromhex(root) for root in line["tree"]]
        until, before = line["pruned_until"], bytes.fromhex(line["hash"])
        is_tree = len(roots) == bin(until).count("1") and all(len(hash) == 32 for hash in [before, *roots])
        if until < 1 or not is_tree:
            raise Wrong("Event 1 can't be read: it does not say what was pruned.")
        self.seq = self.pruned = until
        self.before = before
        self.tree.size, self.tree.roots = until, roots
        self.needs_cover = bool(self.ahead)
        # Checkpoints of fewer events can't be compared.
        self.ahead = [(size, root) for size, root in self.ahead if size >= until]

    def take(self, event):
        if self.wrong is not None:
            raise self.explained(self.wrong, event)
        self.compare()
        expected = self.seq + 1
        if event["chain"] != self.name:
            raise Wrong(f"Event {expected} is of another chain, {event['chain']}.")
        if event["seq"] != expected or not has_hash(event, self.before):
            self.wrong = event
            return
        is_late = self.is_salted or (self.first_format is not None and expected > self.first_format)
        if event["format"] == 1 and is_late:
            raise Wrong(f"Event {expected} was changed: it is in a format that was no longer written when it was recorded.")
        if is_hash_only(event) and self.first_format is None:
            raise Wrong(
                f"Event {expected} has nothing but its hash: it is marked as an erased one of the first format, and no "
                "checkpoint says that the log has such events. If an early version wrote it: --first-format-until SEQ."
            )
        self.is_salted |= event["format"] != 1
        field = not_erased(event)
        if field:
            raise Wrong(f"Event {expected} was changed: its {field} is marked as erased, but is not.")
        self.hash_only += is_hash_only(event)
        self.erased += bool(event["format"] != 1 and event.get("commitments"))
        if pruned_until(event) > self.said_pruned:
            self.said_pruned, self.said_by = pruned_until(event), expected
        self.seq, self.before = expected, stored(event)
        self.tree.push(leaf_hash(self.before))

    def compare(self):
        while self.ahead and self.ahead[0][0] == self.seq:
            size, root = self.ahead.pop(0)
            if root != self.tree.root():
                first = min(self.proven + 1, size)
                raise Wrong(f"Events {first} to {size} were rewritten: they fit each other, but not the checkpoint of {size} events.")
            self.proven, self.compared = size, self.compared + 1

    def explained(self, wrong, after):
        seq, found = self.seq + 1, wrong["seq"]
        if found == seq + 1 and after and after["seq"] == seq:
            return Wrong(f"Events {seq} and {found} were swapped.")
        if found > seq:
            return Wrong(f"Event {seq} is missing: event {found} follows the one before it.")
        if found < seq:
            return Wrong(f"Event {found} occurs twice, or in the wrong place.")
        if after and has_hash(after, self.before, seq):
            if has_hash(wrong, stored(after), seq + 1):
                return Wrong(f"Events {seq} and {seq + 1} were swapped.")
            return Wrong(f"Event {seq} was inserted: it does not belong to the chain.")
        return Wrong(f"Event {seq} was changed: its hash is not that of its fields and of the event before it.")

    def end(self):
        if self.wrong is not None:
            raise self.explained(self.wrong, None)
        self.compare()
        if self.ahead:
            until = self.ahead[-1][0]
            raise Wrong(f"Event {self.seq + 1} is missing: the chain was cut, it had at least {until} events.")
        if self.pruned > self.said_pruned:
            raise Wrong(
                f"Event 1 is missing: only hashes are left of events 1 to {self.pruned}, and no later event says that they "
                "were removed because of their age."
            )
        if self.needs_cover and self.proven < self.said_by:
            raise Wrong(
                f"Event 1 is missing: event {self.said_by} says that events 1 to {self.pruned} were removed because of their "
                "age, but no checkpoint that was given covers it. Get a newer one from the portal."
            )


def check_export(lines, checkpoints, first_format):
    chain = Chain(first_format)
    for line in lines:
        if not line.strip():
            continue
        try:
            event = json.loads(line, parse_float=Number)
            is_first = chain.name is None
            if is_first:
                chain.name = event["chain"]
                of_chain = [point for point in checkpoints if point[0].rpartition("/")[2] == chain.name]
                if checkpoints and not of_chain:
                    raise Wrong(f"The checkpoint is not of {chain.name}, but of {checkpoints[0][0]}.")
                chain.ahead = sorted({(size, root) for _, size, root, _ in of_chain})
                if first_format is None and of_chain:
                    chain.first_format = min(first for _, _, _, first in of_chain)
            if is_first and "pruned_until" in event:
                chain.begin_after(event)
            else:
                chain.take(dict(event, details=compact(event["details"])))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Wrong(f"Event {chain.seq + 1} can't be read: {error}.") from error
    if chain.name is None:
        raise Wrong("Event 1 can't be read: the export is empty.")
    chain.end()
    erased = f" Of {chain.erased}, personal fields were erased: what they contain instead is not proven." if chain.erased else ""
    hash_only = f" Of {chain.hash_only} in the first format only the hash is left: nothing they contain is proven." if chain.hash_only else ""
    pruned = f" Events 1 to {chain.pruned} were removed because of their age: only their hashes are left." if chain.pruned else ""
    print(f"{chain.name}: nothing is wrong. Events: {chain.seq}, checkpoints: {chain.compared}.{pruned}{erased}{hash_only}")


def check_proof(text, keys):
    """One event, by its proof alone."""
    try:
        proof = json.loads(text, parse_float=Number)
        event = dict(proof["event"], details=compact(proof["event"]["details"]))
        path, before = [bytes.fromhex(step) for step in proof["hashes"]], bytes.fromhex(proof["previous_hash"])
        seq, index, note = event["seq"], proof["leaf_index"], proof["checkpoint"]
    except (ValueError, KeyError, TypeError) as error:
        raise Wrong(f"The proof can't be read: {error}.") from error
    origin, size, root, _ = open_note(note, keys)
    if origin.rpartition("/")[2] != event["chain"]:
        raise Wrong(f"Event {seq} is not proven: the checkpoint is of {origin}.")
    if is_hash_only(event):
        raise Wrong(f"Event {seq} is not proven: it was erased in the first format, and only its hash is left.")
    if not has_hash(event, before) or not_erased(event):
        raise Wrong(f"Event {seq} was changed: its hash is not that of its fields and of the event before it.")
    if index != seq - 1 or not is_included(leaf_hash(stored(event)), seq - 1, size, path, root):
        raise Wrong(f"Event {seq} is not proven: it is not in the tree of {size} events.")
    print(f"{event['chain']}: event {seq} is in the log of {size} events.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", nargs="?", metavar="EXPORT.jsonl")
    parser.add_argument("--checkpoint", metavar="FILE")
    parser.add_argument("--public-key", metavar="FILE")
    parser.add_argument("--first-format-until", type=int, metavar="SEQ")
    parser.add_argument("--proof", metavar="FILE")
    args = parser.parse_args()
    if bool(args.export) == bool(args.proof):
        parser.error("name either an export or a proof")
    if (args.proof or args.checkpoint) and not args.public_key:
        parser.error("a checkpoint is only worth as much as its signature: name the public keys with --public-key")

    def text(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    try:
        keys = public_keys(text(args.public_key)) if args.public_key else []
        if args.proof:
            check_proof(text(args.proof), keys)
        else:
            notes = notes_in(text(args.checkpoint)) if args.checkpoint else []
            checkpoints = open_notes(notes, keys)
            with open(args.export, encoding="utf-8", newline="\n") as lines:
                check_export(lines, checkpoints, args.first_format_until)
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 1
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"It can't be read: {error!r}.", file=sys.stderr)
        return 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
