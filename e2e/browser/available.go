// Package browser checks whether this machine can build the frontend and open it
// in a browser. The tests that do so are its *.spec.ts, run by Playwright.
package browser

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// oldestNode is the oldest Node.js that the frontend's tools take.
const oldestNode = 20

// Node returns an error that names what this machine lacks to build the
// frontend: Node.js 20 or later.
func Node() error {
	output, err := exec.Command("node", "--version").Output()
	if err != nil {
		return fmt.Errorf("the frontend needs Node.js %d or later, and there is none: install it (%w)", oldestNode, err)
	}
	version := strings.TrimSpace(string(output))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if number, err := strconv.Atoi(major); err != nil || number < oldestNode {
		return fmt.Errorf("the frontend needs Node.js %d or later, and this is %s: install a newer one", oldestNode, version)
	}
	return nil
}

// browsers are where Debian's packages have Chromium: playwright.config.ts takes the
// first that is there.
var browsers = []string{"/usr/bin/chromium-headless-shell", "/usr/bin/chromium"}

// Available returns an error that names what this machine lacks to open the built
// frontend in a browser: Node.js, or Chromium, which CHROMIUM may name.
func Available() error {
	if err := Node(); err != nil {
		return err
	}
	paths := browsers
	if chosen := os.Getenv("CHROMIUM"); chosen != "" {
		paths = []string{chosen}
	}
	for _, path := range paths {
		if _, err := exec.LookPath(path); err == nil {
			return nil
		}
	}
	return fmt.Errorf("the browser tests need Chromium, and it is not at %s: install it, or set CHROMIUM", strings.Join(paths, " or "))
}
