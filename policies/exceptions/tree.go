package exceptions

import (
	"io/fs"
	"path"
	"slices"
)

// inTree are the files of exceptions that a tree may keep, as patterns of [path.Match]: ours, the ignore files where the
// programs that they are for look for them, and VEX documents where their tools keep them (vexctl in .openvex, VEX Hub's
// crawler in .vex).
var inTree = []string{
	InRepository, "osv-scanner.toml", ".trivyignore", ".trivyignore.yaml", ".grype.yaml",
	".tocsin/vex/*.json", ".tocsin/vex/*.xml", ".vex/*.json", ".vex/*.xml", ".openvex/*.json", ".openvex/templates/*.json",
}

// maxInTree is how many files of exceptions are read from one tree.
const maxInTree = 200

// Find gives the files of exceptions in a tree, of the first two hundred in the order of their kinds. A gate reads them
// from the base of the change. What cannot be listed is not there; what cannot be read shows when it is opened.
func Find(tree fs.FS) []string {
	var out []string
	for _, pattern := range inTree {
		names, _ := fs.Glob(tree, pattern) // the patterns are good
		for _, name := range names {
			if info, err := fs.Stat(tree, name); err == nil && info.Mode().IsRegular() && len(out) < maxInTree {
				out = append(out, name)
			}
		}
	}
	return slices.Clip(out)
}

// FolderOf is the [Options.Folder] of a file that was found in a tree: osv-scanner.toml speaks for its own folder only.
func FolderOf(name string) string {
	if path.Base(name) == "osv-scanner.toml" {
		return path.Dir(name)
	}
	return ""
}
