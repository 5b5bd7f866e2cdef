//! The known tree of eight leaves of the reference implementation of RFC 6962, and properties.

use proptest::prelude::*;

use super::*;
use crate::audit::personal::hex;

const DATA: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn known() -> Vec<Hash> {
    DATA.iter().map(|data| leaf_hash(data)).collect()
}

fn proof_of(leaves: &[Hash], index: usize) -> Vec<Hash> {
    let mut proof = Inclusion::of(index as u64);
    leaves.iter().for_each(|leaf| proof.push(*leaf));
    proof.end().expect("a leaf of the tree")
}

/// The same from the roots of complete subtrees of 2^`level` leaves, wherever the leaf is not in one.
fn proof_by_subtrees(leaves: &[Hash], index: usize, level: u32) -> Vec<Hash> {
    let mut proof = Inclusion::of(index as u64);
    for (n, part) in leaves.chunks(1 << level).enumerate() {
        if part.len() == 1 << level && n != index >> level {
            proof.push_subtree(root_of(part), level);
        } else {
            part.iter().for_each(|leaf| proof.push(*leaf));
        }
    }
    proof.end().expect("a leaf of the tree")
}

fn in_hex(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| hex(hash)).collect()
}

#[test]
fn roots_are_those_of_the_standard() {
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(hex(&root_of(&known()[..size])), *root, "{size}");
    }
}

#[test]
fn proofs_are_those_of_the_standard() {
    let inclusion = [
        (
            0,
            8,
            vec![
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            vec![
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                ROOTS[4],
            ],
        ),
        (2, 3, vec![ROOTS[2]]),
    ];
    for (index, size, proof) in inclusion {
        assert_eq!(in_hex(&proof_of(&known()[..size], index)), proof, "{index} of {size}");
    }
    let consistency = [
        (1, 1, vec![]),
        (
            1,
            8,
            vec![
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            vec![
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                ROOTS[4],
            ],
        ),
        (
            2,
            5,
            vec![
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (old, new, proof) in consistency {
        let found = consistency_proof(&known()[..new], old).expect("they are consistent");
        assert_eq!(in_hex(&found), proof, "{old} of {new}");
    }
}

#[test]
fn what_there_is_not_has_no_proof() {
    assert_eq!(Inclusion::of(0).end(), None);
    let mut beyond = Inclusion::of(1);
    beyond.push(leaf_hash(b""));
    assert_eq!(beyond.end(), None);
    for size in [0, 9] {
        assert_eq!(consistency_proof(&known(), size), None);
    }
    let root = root_of(&known());
    assert!(!is_included(known()[0], 8, 8, &proof_of(&known(), 0), &root));
    assert!(!is_consistent((0, &root), (8, &root), &[]));
    assert!(!is_consistent((9, &root), (8, &root), &[]));
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

/// Each change of one thing that is proven.
fn changed(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all: Vec<_> = (0..proof.len())
        .map(|at| {
            let mut proof = proof.to_vec();
            proof[at][31] ^= 1;
            proof
        })
        .collect();
    all.push([proof, &[[7; 32]]].concat());
    all.extend((!proof.is_empty()).then(|| proof[1..].to_vec()));
    all.extend((!proof.is_empty()).then(|| proof[..proof.len() - 1].to_vec()));
    all
}

proptest! {
    #[test]
    fn inclusion_is_proven_and_nothing_else(size in 1_usize..200, at in 0_usize..200) {
        let (leaves, index) = (leaves(size), at % size);
        let (root, proof) = (root_of(&leaves), proof_of(&leaves, index));
        let (at, of) = (index as u64, size as u64);
        prop_assert!(is_included(leaves[index], at, of, &proof, &root));
        for level in [2, 5] {
            prop_assert_eq!(&proof_by_subtrees(&leaves, index, level), &proof);
        }
        prop_assert!(!is_included(leaf_hash(b"another"), at, of, &proof, &root));
        prop_assert!(!is_included(leaves[index], at, of, &proof, &[0; 32]));
        if size > 1 {
            prop_assert!(!is_included(leaves[index], (at + 1) % of, of, &proof, &root));
        }
        for changed in changed(&proof) {
            prop_assert!(!is_included(leaves[index], at, of, &changed, &root));
        }
    }

    #[test]
    fn consistency_is_proven_and_nothing_else(new in 1_usize..200, at in 0_usize..200) {
        let (leaves, old) = (leaves(new), 1 + at % new);
        let roots = (root_of(&leaves[..old]), root_of(&leaves));
        let proof = consistency_proof(&leaves, old).expect("consistent");
        let (old, new) = (old as u64, new as u64);
        prop_assert!(is_consistent((old, &roots.0), (new, &roots.1), &proof));
        prop_assert!(!is_consistent((old, &[0; 32]), (new, &roots.1), &proof));
        prop_assert!(!is_consistent((old, &roots.0), (new, &[0; 32]), &proof));
        for changed in changed(&proof) {
            prop_assert!(!is_consistent((old, &roots.0), (new, &roots.1), &changed));
        }
    }

    #[test]
    fn a_tree_goes_on_where_it_was_stored(size in 0_usize..200, more in 0_usize..100) {
        let leaves = leaves(size + more);
        let mut tree = Frontier::default();
        leaves[..size].iter().for_each(|leaf| tree.push(*leaf));
        let bytes = tree.to_bytes();
        let mut again = Frontier::from_bytes(tree.size(), &bytes).expect("as stored");
        prop_assert_eq!(&again, &tree);
        prop_assert_eq!(Frontier::from_bytes(tree.size(), &[&bytes[..], &[0; 32]].concat()), None);
        leaves[size..].iter().for_each(|leaf| again.push(*leaf));
        prop_assert_eq!(again.root(), root_of(&leaves));
    }
}
