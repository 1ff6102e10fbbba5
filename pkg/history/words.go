package history

import "strings"

// words gives each text of a block a number; the empty one has 0.
type words struct {
	list  []string
	index map[string]int64
	bytes int
}

func newWords() words { return words{list: []string{""}, index: map[string]int64{"": 0}} }

// wordBytes is what a word takes beside its text: its place in the list and,
// twice for the room that a map leaves, in the index.
const wordBytes = 16 + 2*(16+8)

// number is that of the text; it is quick if the text has that of the guess.
func (w *words) number(text string, guess int64) int64 {
	if guess >= 0 && guess < int64(len(w.list)) && w.list[guess] == text {
		return guess
	}
	number, found := w.index[text]
	if !found {
		number, text = int64(len(w.list)), strings.Clone(text) // not the answer that it is part of
		w.list, w.index[text] = append(w.list, text), number
		w.bytes += wordBytes + rounded(len(text))
	}
	return number
}

// sealed is the list in one piece of memory, and what that takes.
func (w *words) sealed() (list []string, bytes int) {
	all := strings.Join(w.list, "")
	list = make([]string, len(w.list))
	at := 0
	for i, word := range w.list {
		list[i], at = all[at:at+len(word)], at+len(word)
	}
	return list, rounded(len(all)) + 16*len(list)
}

// rounded is what the heap takes for a small piece of memory.
func rounded(bytes int) int { return (bytes + 15) &^ 15 }
