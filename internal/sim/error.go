package sim

import (
	"net/http"
	"regexp"
)

// failure is the body of Flink's errors: a message, most often with a whole
// stack trace.
type failure struct {
	Errors []string `json:"errors"`
}

// trace is how Flink's stack traces go on.
const trace = "\n\tat org.apache.flink.runtime.rest.handler.job.AbstractExecutionGraphHandler.lambda$handleRequest$1(AbstractExecutionGraphHandler.java:99)" +
	"\n\tat java.base/java.util.concurrent.CompletableFuture.uniExceptionally(CompletableFuture.java:990)" +
	"\n\tat java.base/java.util.concurrent.CompletableFuture.postComplete(CompletableFuture.java:510)" +
	"\n\tat org.apache.flink.runtime.rest.handler.AbstractHandler.respondAsLeader(AbstractHandler.java:188)\n"

func notThere(path string) (int, any) {
	return http.StatusNotFound, failure{[]string{"Unable to load requested file " + path + "."}}
}

func notFound(what string) (int, any) {
	return http.StatusNotFound, failure{[]string{"org.apache.flink.runtime.rest.NotFoundException: " + what + " not found" + trace}}
}

// notAllowed answers methods other than GET: what they do elsewhere is not
// simulated.
func notAllowed(version release, path string) (int, any) {
	if !version.from(1, 17) {
		return http.StatusNotFound, failure{[]string{"Not found."}}
	}
	return http.StatusNotFound, failure{[]string{"Not found: " + path}}
}

func notAnID(parameter, value string) (int, any) {
	return unreadable("path parameter ("+parameter+")", value)
}

func unreadable(parameter, value string) (int, any) {
	return http.StatusBadRequest, failure{[]string{
		"org.apache.flink.runtime.rest.handler.RestHandlerException: Bad request, could not parse parameters: Cannot resolve " +
			parameter + " from value \"" + value + "\"." + trace,
	}}
}

var identifier = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)

func isID(text string) bool { return identifier.MatchString(text) }
