// Package inmemory connects HTTP clients of tests to handlers, without a network:
// it works in a bubble of testing/synctest, where time passes only while
// everything waits.
package inmemory

import (
	"net/http"
	"net/http/httptest"
)

// Transport is an [http.RoundTripper] that answers the requests to any host with
// its handler, when that has returned. A request whose context has ended by then
// fails, as over a network.
type Transport struct{ http.Handler }

// RoundTrip implements [http.RoundTripper]. Its errors are the context's.
func (t Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	served := request.WithContext(request.Context()) // the caller's stays as it is
	if served.Body == nil {
		served.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	t.ServeHTTP(recorder, served)
	_ = served.Body.Close() // a round tripper has to
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	answer := recorder.Result()
	answer.Request = request
	return answer, nil
}
