// Verifies a checkpoint, and a proof of one event, of Sallyport's audit log with the packages of Go's module proxies.
//
//	go run checkpoint.go VERIFIER_KEY_FILE PROOF.json
//
// With Debian's packages golang-go and golang-golang-x-mod-dev: GO111MODULE=off GOPATH=/usr/share/gocode go run …
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proof struct {
	Event struct {
		Seq  int64  `json:"seq"`
		Hash string `json:"hash"`
	} `json:"event"`
	LeafIndex  int64    `json:"leaf_index"`
	Hashes     []string `json:"hashes"`
	Checkpoint string   `json:"checkpoint"`
}

func check(keyFile, proofFile string) error {
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	var proof proof
	if err := json.Unmarshal(text, &proof); err != nil {
		return err
	}
	opened, err := note.Open([]byte(proof.Checkpoint), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 {
		return fmt.Errorf("the checkpoint has %d lines", len(lines))
	}
	var size int64
	if _, err := fmt.Sscan(lines[1], &size); err != nil {
		return err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return err
	}
	var path tlog.RecordProof
	for _, step := range proof.Hashes {
		hash, err := fromHex(step)
		if err != nil {
			return err
		}
		path = append(path, hash)
	}
	hash, err := hex.DecodeString(proof.Event.Hash)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(path, size, root, proof.LeafIndex, tlog.RecordHash(hash)); err != nil {
		return err
	}
	fmt.Printf("%s: the hash of event %d is in the log of %d events, signed by %s\n", lines[0], proof.Event.Seq, size, opened.Sigs[0].Name)
	return nil
}

func fromHex(text string) (hash tlog.Hash, err error) {
	bytes, err := hex.DecodeString(text)
	if err == nil && len(bytes) != len(hash) {
		err = fmt.Errorf("a hash has %d bytes", len(bytes))
	}
	copy(hash[:], bytes)
	return hash, err
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: checkpoint VERIFIER_KEY_FILE PROOF.json")
		os.Exit(2)
	}
	if err := check(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
