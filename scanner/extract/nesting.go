package extract

import "bytes"

// checkText refuses what no borrowed parser should be given: binary content, and nesting so deep that a parser that
// descends by recursion would exhaust the stack, which a Go program does not survive. Brackets in strings count too: no
// real file holds ten thousand unbalanced ones.
func checkText(data []byte) error {
	head := data[:min(len(data), 8192)]
	if bytes.IndexByte(head, 0) >= 0 {
		return errNotText
	}
	xml := bytes.HasPrefix(bytes.TrimSpace(head), []byte("<"))
	depth := 0
	for i, c := range data {
		switch {
		case !xml && (c == '[' || c == '{'):
			depth++
		case !xml && (c == ']' || c == '}'):
			depth = max(0, depth-1)
		case xml && c == '<' && i+1 < len(data) && data[i+1] == '/':
			depth = max(0, depth-1)
		case xml && c == '<' && i+1 < len(data) && data[i+1] != '!' && data[i+1] != '?':
			depth++
		case xml && c == '/' && i+1 < len(data) && data[i+1] == '>':
			depth = max(0, depth-1)
		}
		if depth > maxNesting {
			return errNesting
		}
	}
	return nil
}

// longLine is the number of the first line longer than the scanners of the standard library take, or 0. Borrowed readers
// of line-based formats stop there without a word.
func longLine(data []byte) int {
	const maxScan = 64 << 10
	for n := 1; len(data) > 0; n++ {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			i = len(data) - 1
		}
		if i >= maxScan-1 {
			return n
		}
		data = data[i+1:]
	}
	return 0
}
