package frame

import "github.com/grafana/grafana-plugin-sdk-go/data"

// Variable is the names that a dashboard variable offers: text and value are
// both the name.
func Variable(result Result) data.Frames {
	itself := func(name *string) string { return *name }
	frame := data.NewFrame("variable", fields(result.Names, of("text", itself), of("value", itself))...)
	frame.Meta = result.meta()
	return data.Frames{frame}
}
