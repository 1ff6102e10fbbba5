package plugin

import (
	"slices"
	"strings"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// jobTypes are the types of job that a query is about, none for all: a batch
// job is rightly held back by its slowest task, so default alerts leave it out.
type jobTypes []job.Type

// UnmarshalJSON reads a list of STREAMING and BATCH, in any case, or one of them
// alone.
func (t *jobTypes) UnmarshalJSON(source []byte) error {
	texts, err := oneOrMore(source)
	if err != nil {
		return err
	}
	*t = nil
	for _, text := range texts {
		read := job.Type(strings.ToUpper(text))
		if read != job.Streaming && read != job.Batch {
			return wrong("There is no job type %q: choose STREAMING or BATCH.", short(text))
		}
		*t = append(*t, read)
	}
	return nil
}

// ofType leaves out the jobs of which it is remembered that they are of another
// type than those that the query is about.
func (f *found) ofType(types jobTypes) {
	if f.cluster.store == nil || len(types) == 0 {
		return
	}
	f.targets = slices.DeleteFunc(f.targets, func(asked target) bool {
		return !types.choose(f.cluster.store.TypeOf(f.cluster.key(asked.info.ID)))
	})
}

// choose tells whether the query is about jobs of that type. Of a job whose
// type Flink does not tell (before 1.14) it is.
func (t jobTypes) choose(of job.Type) bool {
	return len(t) == 0 || of == "" || slices.Contains(t, of)
}
