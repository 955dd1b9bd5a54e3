// Reads image addresses, one JSON string a line, and writes what the reference implementation
// makes of each: the expected values of references.json.
//
// Needs Go, and the sources of github.com/distribution/reference 0.6.0 and
// github.com/opencontainers/go-digest 1.0.0 (Debian: golang-go,
// golang-github-distribution-reference-dev, golang-github-opencontainers-go-digest-dev):
//
//	python -m tests.unit.data.references inputs | GO111MODULE=off go run references.go \
//	    | python -m tests.unit.data.references vectors >references.json
package main

import (
	"bufio"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/json"
	"os"

	"github.com/distribution/reference"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			panic(err)
		}
		row := []string{text}
		if named, err := reference.ParseNormalizedNamed(text); err == nil {
			named = reference.TagNameOnly(named)
			tag, digest := "", ""
			if tagged, ok := named.(reference.Tagged); ok {
				tag = tagged.Tag()
			}
			if digested, ok := named.(reference.Digested); ok {
				digest = digested.Digest().String()
			}
			row = append(row, reference.Domain(named), reference.Path(named), tag, digest,
				named.String(), reference.FamiliarString(named))
		}
		if err := encoder.Encode(row); err != nil {
			panic(err)
		}
	}
}
