"""Trees over the hashes of a log (RFC 6962, section 2.1)."""

import hashlib


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(data):
    return sha256(b"\0", data)


def node_hash(left, right):
    return sha256(b"\1", left, right)


class Tree:
    """The roots of the complete subtrees, the largest first."""

    def __init__(self):
        self.size = 0
        self.roots = []

    def push(self, leaf):
        size = self.size
        while size & 1:
            leaf = node_hash(self.roots.pop(), leaf)
            size >>= 1
        self.roots.append(leaf)
        self.size += 1

    def root(self):
        if not self.roots:
            return sha256()
        root = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            root = node_hash(left, root)
        return root


def is_included(leaf, index, size, path, root):
    """RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size or any(len(other) != 32 for other in path):
        return False
    at, last = index, size - 1
    for other in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            leaf = node_hash(other, leaf)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            leaf = node_hash(leaf, other)
        at, last = at >> 1, last >> 1
    return last == 0 and leaf == root
