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
func nameAt(p part, i int) (string, error) {
	head, err := p.view(0, 4)
	if err != nil {
		return "", err
	}
	n := int(binary.LittleEndian.Uint32(head))
	if i < 0 || i >= n {
		return "", errShort
	}
	from, to, err := between(p, 4, i)
	if err != nil {
		return "", err
	}
	text, err := p.view(4+4*n+from, to-from)
	return string(text), err
}

// between gives the end of the thing before and of the thing i, from a list of ends, four bytes each, at a place.
func between(p part, at, i int) (from, to int, err error) {
	first := max(i-1, 0)
	ends, err := p.view(at+4*first, 4*(i-first+1))
	if err != nil {
		return 0, 0, err
	}
	if i > 0 {
		from = int(binary.LittleEndian.Uint32(ends))
	}
	return from, int(binary.LittleEndian.Uint32(ends[4*(i-first):])), nil
}
