package flinktest

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"testing"
)

// object is a JSON object whose numbers stay as they were written.
type object = map[string]any

func open(body []byte) (answer object) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	_ = decoder.Decode(&answer)
	return answer
}

// encoded is an object that was decoded before.
func encoded(answer object) []byte {
	body, _ := json.Marshal(answer)
	return body
}

// add adds to a number, if there is one.
func add(to object, key string, by int64) {
	if value, err := strconv.ParseFloat(text(to[key]), 64); err == nil && !math.IsNaN(value) {
		to[key] = value + float64(by)
	}
}

func text(value any) string {
	switch value := value.(type) {
	case json.Number:
		return value.String()
	case string:
		return value
	}
	return ""
}

func number(value any) float64 {
	parsed, _ := strconv.ParseFloat(text(value), 64)
	return parsed
}

func encode(t testing.TB, value any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decode(t testing.TB, body []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
}
