package plugin

import (
	"context"
	"errors"
	"net/http"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// clientClosed is the status of a request whose caller went away.
const clientClosed backend.Status = 499

// errorResponse turns an error into a response with status and source.
func errorResponse(err error) backend.DataResponse {
	status, source := classify(err)
	return backend.DataResponse{Error: query.Sentence(err), Status: status, ErrorSource: source}
}

// classify finds the status and the source of an error. What a user can mend, in
// settings or a query, Grafana counts as downstream, as the plugin did what it
// should.
func classify(err error) (backend.Status, backend.ErrorSource) {
	var settings *settingsError
	var asked *query.Error
	var failed *remote.Error
	switch {
	case errors.As(err, &settings):
		return backend.StatusBadRequest, backend.ErrorSourceDownstream
	case errors.As(err, &asked) && asked.Kind == query.NotFound:
		return backend.StatusNotFound, backend.ErrorSourceDownstream
	case errors.As(err, &asked):
		return backend.StatusBadRequest, backend.ErrorSourceDownstream
	case errors.As(err, &failed):
		return remoteStatus(failed), backend.ErrorSourceDownstream
	case errors.Is(err, context.DeadlineExceeded):
		return backend.StatusTimeout, backend.ErrorSourceDownstream
	case errors.Is(err, context.Canceled):
		return clientClosed, backend.ErrorSourceDownstream
	default:
		return backend.StatusInternal, backend.ErrorSourcePlugin
	}
}

// remoteStatus is the HTTP status that fits a failed request to Flink or
// Prometheus.
func remoteStatus(err *remote.Error) backend.Status {
	switch err.Kind {
	case remote.NoAddress, remote.BadAddress, remote.TooManySubtasks:
		return backend.StatusBadRequest
	case remote.TimedOut:
		return backend.StatusTimeout
	case remote.Canceled:
		return clientClosed
	case remote.NotFound, remote.NoMetrics:
		return backend.StatusNotFound
	case remote.TooManyRequests:
		return backend.StatusTooManyRequests
	case remote.Refused:
		if err.Status == http.StatusUnauthorized {
			return backend.StatusUnauthorized
		}
		return backend.StatusForbidden
	default:
		return backend.StatusBadGateway
	}
}
