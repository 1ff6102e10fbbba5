//go:build e2e

package e2e

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
)

const (
	// changeAfter is how long a job of HardJobs.java has worked when it changes, and
	// headStart how long it has at most when the queries begin.
	changeAfter = 30 * time.Second
	headStart   = 10 * time.Second
	// followed is how long after a change the verdict is right at the latest: a fetch
	// in which the change is, one that is past it, and what these lag behind.
	followed = 45 * time.Second
	// steady is when the verdicts on jobs that do not change have to be right: after
	// the warm-up of their tasks, and two fetches.
	steady = 35 * time.Second
	// observed is how long the jobs are queried.
	observed = changeAfter + followed + 7*time.Second
	// checkpointInterval is that of the job checkpoints.
	checkpointInterval = 2 * time.Second
)

// hardVersions are those of FLINK_VERSIONS, or the oldest, which has no counters, one
// of the first with gauges of 60 s, the last of 1.x, and the newest.
func hardVersions() []string {
	return strings.Split(cmp.Or(os.Getenv("FLINK_VERSIONS"), "1.13.6,1.17.2,1.20.5,"+cluster.Newest), ",")
}

// hardConf has Flink use both TaskManagers alike for each job, by the name of the
// setting up to 1.20 and from 2.0 on. Its buffers are small, so that before tasks of
// nearly the same speed queues are as long as they get within seconds.
var hardConf = map[string]string{
	"cluster.evenly-spread-out-slots": "true", "taskmanager.load-balance.mode": "SLOTS",
	"taskmanager.memory.segment-size": "4kb",
}

// hardCases are the jobs of HardJobs.java, and healthy, with what the verdicts on them
// have to be like.
var hardCases = map[string]func(observation) error{
	"slow-taskmanager": observation.slowTaskManager,
	"hot-key-twice":    always(severely(names(root{"aggregate", "skew", 1}))),
	"two-hot-keys":     observation.twoHotKeys,
	// The first is faster and waits for the second 5 % of the time: so near to it, it may
	// be listed after it.
	"series":                    always(first(root{"second", "capacity", 4}, root{"first", "capacity", 4})),
	"series-reversed":           always(names(root{"first", "capacity", 4})),
	"busy-branch":               always(names(root{"score", "capacity", 4})),
	"busy-branch-of-one-source": always(first(root{"slower", "capacity", 4}, root{"faster", "capacity", 4})),
	"healthy":                   always(isNone),
	"checkpoints":               always(isNone),
	"legacy-source":             always(legacyIsUnmeasured),
	"starved-join":              always(names(root{"join", "capacity", 4})),
	"two-bottlenecks":           always(names(root{"score", "capacity", 4}, root{"sink of clicks", "capacity", 2})),
	"restart":                   observation.restarts,
	"moved":                     observation.moves,
	"sleeping-source":           always(mayOnlyWait),
}

// On each version of Flink the verdicts on jobs that are easily mistaken are right
// whenever they are queried. All jobs run at the same time and mostly wait.
func TestHardCases(t *testing.T) {
	if err := cluster.Available(); err != nil {
		t.Fatal(err)
	}
	for _, version := range hardVersions() {
		t.Run(version, func(t *testing.T) {
			flink := startFlink(t, version, hardConf, "hard", "healthy")
			ds := startPlugin(t, flink.URL())
			ds.source = source(version)
			seen := ds.observe(t)
			if completed := checkpoints(t, flink.URL(), seen["checkpoints"].id()); completed < int(observed/checkpointInterval)/2 {
				t.Errorf("the job that has a checkpoint every %s completed %d in %s", checkpointInterval, completed, observed)
			}
			for name, check := range hardCases {
				t.Run(name, func(t *testing.T) {
					t.Logf("%s", seen[name].text())
					if err := check(seen[name]); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

// observation are the answers about a job, one after another.
type observation struct {
	start   time.Time // of the queries, when all tasks run
	source  string    // where shares have to come from
	answers []hardAnswer
}

// hardAnswer is what the plugin returns about a job at a time.
type hardAnswer struct {
	at                    time.Time
	bottlenecks, subtasks []row
	// measured is set where the shares come from where they have to.
	measured bool
}

// observe queries all jobs every two seconds.
func (ds dataSource) observe(t *testing.T) map[string]observation {
	t.Helper()
	seen := map[string]observation{}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for start := time.Now(); time.Since(start) < observed; <-tick.C {
		at := time.Now()
		for job, answer := range ds.hardAnswers(t, at) {
			each := seen[job]
			each.start, each.source = start, ds.source
			each.answers = append(each.answers, answer)
			seen[job] = each
		}
	}
	return seen
}

func (ds dataSource) hardAnswers(t *testing.T, at time.Time) map[string]hardAnswer {
	t.Helper()
	var queries []backend.DataQuery
	for job := range hardCases {
		for _, kind := range []string{"bottlenecks", "subtasks"} {
			each := query(ending(at.Add(-5*time.Minute), at), job, kind, "")
			each.RefID = job + " " + kind
			queries = append(queries, each)
		}
	}
	response, err := ds.plugin.QueryData(t.Context(), ds.settings, queries...)
	if err != nil {
		t.Fatal(err)
	}
	frame := func(refID string) *data.Frame {
		answer := response.Responses[refID]
		if answer.Error != nil || len(answer.Frames) != 1 {
			t.Fatalf("query %s: %d frames, %v", refID, len(answer.Frames), answer.Error)
		}
		return answer.Frames[0]
	}
	answers := map[string]hardAnswer{}
	for job := range hardCases {
		found := frame(job + " bottlenecks")
		answers[job] = hardAnswer{
			at: time.Now(), bottlenecks: rows(found), subtasks: rows(frame(job + " subtasks")),
			measured: customOf(t, found).Source == ds.source,
		}
	}
	return answers
}

// id is Flink's id of the job.
func (o observation) id() string {
	id, _ := o.answers[0].bottlenecks[0]["job_id"].(string)
	return id
}

// checkpoints is how many checkpoints a job has completed, by Flink.
func checkpoints(t *testing.T, flink, jobID string) int {
	t.Helper()
	var answer struct{ Counts struct{ Completed int } }
	readFlink(t, flink+"/jobs/"+jobID+"/checkpoints", &answer)
	return answer.Counts.Completed
}

// root is a root cause: a task, why, and how many of its subtasks are hot, 0 if that
// may be any number, as before all are measured.
type root struct {
	task, kind string
	hot        int
}

// always checks every answer from when the verdict has to be right.
func always(check func(hardAnswer) error) func(observation) error {
	return func(o observation) error {
		checked := 0
		for _, each := range o.answers {
			if each.at.Before(o.start.Add(steady)) {
				continue
			}
			if err := check(each); err != nil {
				return fmt.Errorf("%s after the start: %w\n%s", each.at.Sub(o.start).Round(time.Second), err, each.table())
			}
			checked++
		}
		if checked == 0 {
			return errors.New("there is no answer")
		}
		return nil
	}
}

// names checks that a verdict has these root causes and no other.
func names(want ...root) func(hardAnswer) error {
	return func(a hardAnswer) error {
		var found []root
		for _, each := range a.bottlenecks {
			task, _ := each["task"].(string)
			kind, _ := each["kind"].(string)
			found = append(found, root{task, kind, len(hotSubtasks(each))})
		}
		for _, each := range want {
			if len(found) != len(want) || !slices.ContainsFunc(found, each.is) {
				return fmt.Errorf("the verdict is %v, want %v", found, want)
			}
		}
		return nil
	}
}

// first checks that a verdict has this root cause first, and after it no other than that
// which is nearly as slow.
func first(want, after root) func(hardAnswer) error {
	return func(a hardAnswer) error {
		both := a
		both.bottlenecks = a.bottlenecks[:1]
		if err := names(want)(both); err != nil || len(a.bottlenecks) == 1 {
			return err
		}
		both.bottlenecks = a.bottlenecks[1:]
		return names(after)(both)
	}
}

func (r root) is(found root) bool {
	return r.task == found.task && r.kind == found.kind && (r.hot == 0 || r.hot == found.hot)
}

func hotSubtasks(bottleneck row) []string {
	text, _ := bottleneck["hot_subtasks"].(string)
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

func (a hardAnswer) kind() string {
	kind, _ := a.bottlenecks[0]["kind"].(string)
	return kind
}

func isNone(a hardAnswer) error {
	if len(a.bottlenecks) != 1 || a.kind() != "none" {
		return fmt.Errorf("the verdict is %v, want none", a.verdict())
	}
	return nil
}

// severely checks that the severity is one that alert rules fire at, too: the whole job
// stands still, though only one subtask of a task waits at a time.
func severely(check func(hardAnswer) error) func(hardAnswer) error {
	return func(a hardAnswer) error {
		if severity, _ := a.bottlenecks[0]["severity"].(float64); severity < 0.9 {
			return fmt.Errorf("the severity is %.2f: %v", severity, a.verdict())
		}
		return check(a)
	}
}

// mayOnlyWait checks that a source that sleeps between records is not blamed, and that
// what it may do is said.
func mayOnlyWait(a hardAnswer) error {
	if len(a.bottlenecks) != 1 || a.kind() != "unknown" {
		return fmt.Errorf("the verdict is %v, want unknown", a.verdict())
	}
	if text := fmt.Sprint(a.bottlenecks[0]["explanation"]); !strings.Contains(text, "only wait on the task's thread") {
		return fmt.Errorf("%q does not say that the source may only wait", text)
	}
	return nil
}

// legacyIsUnmeasured checks that nobody is blamed where the source may be what is
// slow, and that this is said.
func legacyIsUnmeasured(a hardAnswer) error {
	if len(a.bottlenecks) != 1 || a.kind() != "unknown" && a.kind() != "none" {
		return fmt.Errorf("the verdict is %v, want unknown or none", a.verdict())
	}
	if text := fmt.Sprint(a.bottlenecks[0]["explanation"]); !strings.Contains(text, "Source: orders") || !strings.Contains(text, "legacy source") {
		return fmt.Errorf("%q does not name the legacy source", text)
	}
	for _, subtask := range a.subtasks {
		if subtask["task"] == "Source: orders" && (subtask["busy"] != nil || subtask["idle"] != nil) {
			return fmt.Errorf("the source is %v busy and %v idle", subtask["busy"], subtask["idle"])
		}
	}
	return nil
}

// slowTaskManager checks that the machine is blamed, and that its hot subtasks are
// those on one of the two TaskManagers.
//
// That holds without records per second, before 1.16, too: all subtasks there are hot
// and none elsewhere, in two tasks.
func (o observation) slowTaskManager() error {
	return always(func(a hardAnswer) error {
		if err := severely(names(root{"aggregate", "machine", 2}))(a); err != nil {
			return err
		}
		hot, elsewhere := map[any]bool{}, map[any]bool{}
		for _, subtask := range a.subtasks {
			switch {
			case subtask["task"] != "aggregate":
			case slices.Contains(hotSubtasks(a.bottlenecks[0]), fmt.Sprint(subtask["subtask"])):
				hot[subtask["taskmanager"]] = true
			default:
				elsewhere[subtask["taskmanager"]] = true
			}
		}
		for place := range hot {
			if len(hot) != 1 || elsewhere[place] || len(elsewhere) == 0 {
				return fmt.Errorf("hot subtasks run on %v, the others on %v", hot, elsewhere)
			}
		}
		return nil
	})(o)
}

// twoHotKeys checks that the hot subtasks are those that Flink gives the two keys to,
// which is by the records that reach them, where these are known, from 1.16 on.
func (o observation) twoHotKeys() error {
	return always(func(a hardAnswer) error {
		if err := names(root{"aggregate", "skew", 2})(a); err != nil {
			return err
		}
		total, hot := 0.0, hotSubtasks(a.bottlenecks[0])
		for _, subtask := range a.subtasks {
			if records, known := subtask["records_in"].(float64); known && subtask["task"] == "aggregate" {
				total += records
			}
		}
		for _, subtask := range a.subtasks {
			if subtask["task"] != "aggregate" {
				continue
			}
			index := fmt.Sprint(subtask["subtask"])
			records, known := subtask["records_in"].(float64)
			many := known && records > total/4 // a hot key has 30 % of the records
			if isHot := slices.Contains(hot, index); isHot != (index == "1" || index == "5") || known && isHot != many {
				return fmt.Errorf("subtask %s, which gets %v of %.0f records a second, is hot: %t", index, hundredths(subtask["records_in"]), total, isHot)
			}
		}
		return nil
	})(o)
}

// restarts checks that, once the bottleneck is named, no other task ever is, nor is
// the job found well while it restarts, and that it is named again.
func (o observation) restarts() error {
	right := names(root{"score", "capacity", 0})
	first := slices.IndexFunc(o.answers, func(a hardAnswer) bool { return a.measured && right(a) == nil })
	if first < 0 || o.answers[first].attempt() != 0 {
		return errors.New("the bottleneck was not named before the restart")
	}
	unknown, again := 0, 0
	for _, each := range o.answers[first:] {
		switch err := right(each); {
		case err == nil && each.attempt() > 0:
			again++
		case err == nil:
		case len(each.bottlenecks) == 1 && each.kind() == "unknown":
			if unknown++; again > 0 {
				return fmt.Errorf("%s after the start, and after it was named again, the verdict is unknown", each.at.Sub(o.start).Round(time.Second))
			}
		default:
			return fmt.Errorf("%s after the start: %w\n%s", each.at.Sub(o.start).Round(time.Second), err, each.table())
		}
	}
	if unknown == 0 || again < 5 {
		return fmt.Errorf("the verdict was unknown %d times, and right again %d times after the restart", unknown, again)
	}
	return nil
}

// attempt is the highest of the subtasks'.
func (a hardAnswer) attempt() (highest int64) {
	for _, subtask := range a.subtasks {
		attempt, _ := subtask["attempt"].(int64)
		highest = max(highest, attempt)
	}
	return highest
}

// moves checks that the first task is named until it is the second that is slow, then
// that one, from soon after on, and never another.
func (o observation) moves() error {
	latest := o.start.Add(changeAfter)
	first, second := names(root{"first", "capacity", 0}), names(root{"second", "capacity", 0})
	before, after := 0, 0
	for _, each := range o.answers {
		isFirst, isSecond := first(each), second(each)
		late := each.at.After(latest.Add(followed))
		switch {
		case isSecond == nil && each.at.After(latest.Add(-headStart)):
			after++
		case isFirst == nil && after == 0 && each.at.Before(latest):
			before++
		case isFirst == nil && after == 0 && !late:
		case len(each.bottlenecks) == 1 && each.kind() == "unknown" && after == 0 && !late:
		default:
			return fmt.Errorf("%s after the start: %w\n%s", each.at.Sub(o.start).Round(time.Second), errors.Join(isFirst, isSecond), each.table())
		}
	}
	if before == 0 || after == 0 {
		return fmt.Errorf("the first task was named %d times before it changed, the second %d times after", before, after)
	}
	return nil
}

// verdict is one in a few words.
func (a hardAnswer) verdict() string {
	var texts []string
	for _, each := range a.bottlenecks {
		text := fmt.Sprint(each["kind"])
		if each["task"] != nil {
			text += fmt.Sprintf(" %v %.2f, hot %v", each["task"], each["severity"], each["hot_subtasks"])
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

// text is how the verdict changed, and the last one in words.
func (o observation) text() string {
	var text strings.Builder
	last := ""
	for _, each := range o.answers {
		kinds := each.short()
		if !each.measured {
			kinds += " (not from " + o.source + ")"
		}
		if kinds != last {
			fmt.Fprintf(&text, "%5.0f s  %s\n", each.at.Sub(o.start).Seconds(), kinds)
			last = kinds
		}
	}
	if len(o.answers) > 0 {
		text.WriteString(o.answers[len(o.answers)-1].words())
	}
	return text.String()
}

func (a hardAnswer) short() string {
	var texts []string
	for _, each := range a.bottlenecks {
		texts = append(texts, strings.TrimSuffix(fmt.Sprintf("%v %v", each["kind"], cmp.Or(each["task"], any(""))), " "))
	}
	return strings.Join(texts, "; ")
}

// words are the verdict and its explanations.
func (a hardAnswer) words() string {
	text := a.verdict() + "\n"
	for _, each := range a.bottlenecks {
		text += fmt.Sprintln(each["explanation"])
	}
	return text
}

// table has what the verdict is made from, too.
func (a hardAnswer) table() string {
	var text strings.Builder
	text.WriteString(a.words())
	for _, each := range a.subtasks {
		fmt.Fprintf(&text, "%-22v %v on %.12v: busy %v, backpressured %v, idle %v, in %v/s, out %v/s\n", each["task"], each["subtask"], each["taskmanager"],
			hundredths(each["busy"]), hundredths(each["backpressured"]), hundredths(each["idle"]), hundredths(each["records_in"]), hundredths(each["records_out"]))
	}
	return text.String()
}

func hundredths(value any) string {
	if number, known := value.(float64); known {
		return fmt.Sprintf("%.2f", number)
	}
	return "?"
}
