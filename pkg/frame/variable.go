package frame

import "github.com/grafana/grafana-plugin-sdk-go/data"

// Variable is the names that a dashboard variable offers: text and value are
// both the name.
func Variable(answer Answer, names []string) data.Frames {
	names = append([]string{}, names...)
	frame := data.NewFrame("variable", text("text", names), text("value", append([]string{}, names...)))
	frame.Meta = answer.meta()
	return data.Frames{frame}
}
