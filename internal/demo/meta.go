package demo

import (
	"encoding/json"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// custom is what the plugin says in meta.custom of every frame.
type custom struct {
	Source   string `json:"source"`
	Requests int    `json:"requests"`
}

// customOf reads a frame's meta.custom; what cannot be read is left out.
func customOf(frame *data.Frame) (c custom) {
	if frame.Meta == nil {
		return c
	}
	text, err := json.Marshal(frame.Meta.Custom)
	if err != nil || json.Unmarshal(text, &c) != nil {
		return custom{}
	}
	return c
}

// requests is how many requests to Flink one query caused: each of its frames
// says it.
func requests(frames data.Frames) (most int) {
	for _, frame := range frames {
		most = max(most, customOf(frame).Requests)
	}
	return most
}

// notices are the texts that the frames carry, each once.
func notices(all map[string]data.Frames) (texts []string) {
	seen := map[string]bool{}
	for _, q := range questions {
		for _, frame := range all[q.QueryType] {
			if frame.Meta == nil {
				continue
			}
			for _, notice := range frame.Meta.Notices {
				if !seen[notice.Text] {
					seen[notice.Text] = true
					texts = append(texts, notice.Text)
				}
			}
		}
	}
	return texts
}
