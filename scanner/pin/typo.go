package pin

import "strings"

// words is the length from which a letter that is left out, put in or replaced makes a word suspicious. Shorter words have
// neighbours that mean something else ("slack", "black"), so that only a slip that keeps the letters counts.
const words = 7

// typo says whether a name is another one with one slip of the finger in one of its parts. long is the length of a part from
// which all slips count. Names that differ in a whole part are siblings ("simple-get", "simple-git"), and so the length of the
// part counts, not that of the name.
func typo(name, model string, long int) bool {
	for name != "" && model != "" {
		part, rest := cut(name)
		other, last := cut(model)
		if part != other {
			return rest == last && slip(part, other, long)
		}
		name, model = rest, last
	}
	return false
}

// cut takes the first part off a name; the rest begins with what stood between.
func cut(name string) (part, rest string) {
	i := strings.IndexAny(name, "-_.")
	switch {
	case i == 0:
		return name[:1], name[1:]
	case i > 0:
		return name[:i], name[i:]
	default:
		return name, ""
	}
}

// slip says whether a word is another one with a letter left out, put in, replaced, or swapped with the next. The first letter
// is where people look and seldom slip. Words that differ in a digit or a plural are versions and siblings of each other. What
// is put in or replaced must be a slip of a hand or an ear: a doubled letter, a key beside the right one, another vowel.
func slip(word, model string, long int) bool {
	if len(word) < minimum-1 || len(model) < minimum || word[0] != model[0] {
		return false
	}
	i := 0
	for i < len(word) && i < len(model) && word[i] == model[i] {
		i++
	}
	switch rest := len(model) >= long; {
	case len(word) == len(model)+1 && word[i+1:] == model[i:]: // put in
		doubled := word[i] == word[i-1]
		return doubled || rest && i < len(model) && (beside(word[i], word[i-1]) || beside(word[i], model[i]))
	case len(word)+1 == len(model) && word[i:] == model[i+1:]: // left out
		doubled := model[i] == model[i-1]
		return doubled || rest && i < len(word) && !digit(model[i])
	case len(word) != len(model):
		return false
	case i+1 < len(word) && word[i] == model[i+1] && word[i+1] == model[i] && word[i+2:] == model[i+2:]: // swapped
		return !digit(word[i]) && !digit(word[i+1])
	default: // replaced
		return rest && word[i+1:] == model[i+1:] && (beside(word[i], model[i]) || vowel(word[i]) && vowel(model[i]))
	}
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func vowel(c byte) bool { return strings.IndexByte("aeiouy", c) >= 0 }

// keys are the letters as they lie on most keyboards, each row half a key to the right of the one above.
var keys = [...]string{"qwertyuiop", "asdfghjkl", "zxcvbnm"}

// beside says whether two letters lie beside each other.
func beside(a, b byte) bool {
	for r, row := range keys {
		i := strings.IndexByte(row, a)
		if i < 0 {
			continue
		}
		if j := strings.IndexByte(row, b); j == i-1 && j >= 0 || j == i+1 {
			return true
		}
		if r > 0 && (strings.IndexByte(keys[r-1], b) == i || strings.IndexByte(keys[r-1], b) == i+1) {
			return true
		}
		if r+1 < len(keys) {
			if j := strings.IndexByte(keys[r+1], b); j >= 0 && (j == i || j == i-1) {
				return true
			}
		}
	}
	return false
}
