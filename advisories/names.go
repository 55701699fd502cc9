package advisories

import "encoding/binary"

// names are strings that many classes share, each kept once: origins, CWEs, CVSS vectors, the fronts of addresses.
type names struct {
	number map[string]int
	list   []string
}

func (n *names) intern(s string) int {
	i, ok := n.number[s]
	if !ok {
		if n.number == nil {
			n.number = map[string]int{}
		}
		i = len(n.list)
		n.number[s] = i
		n.list = append(n.list, s)
	}
	return i
}

func (n *names) at(i int) (string, error) {
	if i >= len(n.list) {
		return "", errShort
	}
	return n.list[i], nil
}

// encode gives their number, the end of each, four bytes each, and their text.
func (n *names) encode() []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(n.list)))
	end := 0
	for _, s := range n.list {
		end += len(s)
		b = binary.LittleEndian.AppendUint32(b, uint32(end))
	}
	for _, s := range n.list {
		b = append(b, s...)
	}
	return b
}

// nameAt reads one of the names that encode wrote.
func nameAt(b []byte, i int) (string, error) {
	if len(b) < 4 {
		return "", errShort
	}
	n, ends := int(binary.LittleEndian.Uint32(b)), b[4:]
	if i < 0 || i >= n || len(ends) < 4*n {
		return "", errShort
	}
	from := 0
	if i > 0 {
		from = int(binary.LittleEndian.Uint32(ends[4*(i-1):]))
	}
	to := int(binary.LittleEndian.Uint32(ends[4*i:]))
	text := ends[4*n:]
	if from > to || to > len(text) {
		return "", errShort
	}
	return string(text[from:to]), nil
}
