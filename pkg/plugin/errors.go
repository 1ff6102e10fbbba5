package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

// fault is what a user can mend: settings or a query. Grafana counts it as
// downstream, as the plugin did what it should.
type fault struct {
	status backend.Status
	text   string
}

func (f *fault) Error() string { return f.text }

// wrong is a fault in settings or a query.
func wrong(format string, values ...any) error {
	return &fault{backend.StatusBadRequest, fmt.Sprintf(format, values...)}
}

// absent is a query for something that is not there.
func absent(format string, values ...any) error {
	return &fault{backend.StatusNotFound, fmt.Sprintf(format, values...)}
}

// clientClosed is the status of a request whose caller went away.
const clientClosed backend.Status = 499

// refused turns an error into a response with status and source.
func refused(err error) backend.DataResponse {
	status, source := classified(err)
	return backend.DataResponse{Error: sentence(err), Status: status, ErrorSource: source}
}

// classified finds the status and the source of an error.
func classified(err error) (backend.Status, backend.ErrorSource) {
	var user *fault
	var asked *flink.Error
	var far *prometheus.Error
	switch {
	case errors.As(err, &user):
		return user.status, backend.ErrorSourceDownstream
	case errors.As(err, &far):
		return prometheusStatus(far), backend.ErrorSourceDownstream
	case errors.As(err, &asked):
		return flinkStatus(asked), backend.ErrorSourceDownstream
	case errors.Is(err, context.DeadlineExceeded):
		return backend.StatusTimeout, backend.ErrorSourceDownstream
	case errors.Is(err, context.Canceled):
		return clientClosed, backend.ErrorSourceDownstream
	default:
		return backend.StatusInternal, backend.ErrorSourcePlugin
	}
}

// flinkStatus is the HTTP status that fits a failed Flink request.
func flinkStatus(err *flink.Error) backend.Status {
	switch err.Kind {
	case flink.NoAddress, flink.BadAddress:
		return backend.StatusBadRequest
	case flink.TimedOut:
		return backend.StatusTimeout
	case flink.Canceled:
		return clientClosed
	case flink.NotFound:
		return backend.StatusNotFound
	case flink.Refused:
		if err.Status == http.StatusUnauthorized {
			return backend.StatusUnauthorized
		}
		return backend.StatusForbidden
	default:
		return backend.StatusBadGateway
	}
}

// prometheusStatus is the HTTP status that fits a past that could not be read.
func prometheusStatus(err *prometheus.Error) backend.Status {
	switch err.Kind {
	case prometheus.TimedOut:
		return backend.StatusTimeout
	case prometheus.Canceled:
		return clientClosed
	case prometheus.Refused:
		return backend.StatusForbidden
	case prometheus.NoMetrics:
		return backend.StatusNotFound
	default:
		return backend.StatusBadGateway
	}
}

// sentence says what a bare context error means to a user.
func sentence(err error) error {
	var asked *flink.Error
	var far *prometheus.Error
	switch {
	case errors.As(err, &asked):
		return asked
	case errors.As(err, &far):
		return far
	case errors.Is(err, context.DeadlineExceeded):
		return &explained{"The query's time ran out before Flink had answered: raise its time-out, or ask for fewer jobs.", err}
	case errors.Is(err, context.Canceled):
		return &explained{"The query was cancelled by its caller.", err}
	default:
		return err
	}
}
