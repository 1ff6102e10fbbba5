package flinktest

import (
	"encoding/json"
	"strings"
	"testing"
)

// identity finds the answer about the job itself.
func identity(replies []reply) (id, name, state string) {
	for _, recorded := range replies {
		id, about := strings.CutPrefix(recorded.Path, "/jobs/")
		var job struct{ JID, Name, State string }
		if about && len(id) == 32 && json.Unmarshal(recorded.Body, &job) == nil {
			return job.JID, job.Name, job.State
		}
	}
	return "", "", ""
}

// listOf is the list of jobs that holds the recorded job alone, made of its
// own answer: the counts of its subtasks add up those of its tasks.
func listOf(t testing.TB, replies []reply) json.RawMessage {
	t.Helper()
	id, _, _ := identity(replies)
	if id == "" {
		return json.RawMessage(`{"jobs":[]}`)
	}
	var job map[string]json.RawMessage
	var vertices []struct{ Tasks map[string]int }
	for _, recorded := range replies {
		if recorded.Path == "/jobs/"+id {
			decode(t, recorded.Body, &job)
			decode(t, job["vertices"], &vertices)
		}
	}
	counts := map[string]int{"total": 0}
	for _, vertex := range vertices {
		for state, n := range vertex.Tasks {
			counts[strings.ToLower(state)] += n
			counts["total"] += n
		}
	}
	summary := map[string]any{"tasks": counts}
	for _, key := range []string{"jid", "name", "state", "start-time", "end-time", "duration"} {
		summary[key] = job[key]
	}
	if recorded, found := job["job-type"]; found {
		summary["jobType"] = recorded
	}
	return encode(t, map[string]any{"jobs": []any{summary}})
}

// jobsOf are the answers about the jobs that a cluster lists, from the other
// recordings of its version: from one in which the job has the listed state, if
// there is one.
func jobsOf(t testing.TB, version string, cluster []reply) (replies []reply) {
	t.Helper()
	sets := map[string][]reply{}
	states := map[string]string{}
	for _, path := range Recordings(t) {
		of, set, _ := strings.Cut(path, "/")
		if of != version || strings.HasPrefix(set, "_") {
			continue
		}
		recorded := read(t, version, set)
		id, _, state := identity(recorded)
		if _, known := sets[id]; !known || states[id] != listed(t, cluster, id) {
			sets[id], states[id] = recorded, state
		}
	}
	for id, answers := range sets {
		if listed(t, cluster, id) == "" {
			continue
		}
		for _, recorded := range answers {
			if strings.HasPrefix(recorded.Path, "/jobs/"+id) {
				replies = append(replies, recorded)
			}
		}
	}
	return replies
}

// listed is the state that the cluster's list gives the job; empty if none.
func listed(t testing.TB, cluster []reply, id string) string {
	t.Helper()
	for _, recorded := range cluster {
		var list struct{ Jobs []struct{ JID, State string } }
		if recorded.Path != "/jobs/overview" {
			continue
		}
		decode(t, recorded.Body, &list)
		for _, job := range list.Jobs {
			if job.JID == id {
				return job.State
			}
		}
	}
	return ""
}
