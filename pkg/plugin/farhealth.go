package plugin

import (
	"context"
	"errors"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

// farHealth says whether Prometheus answers and has metrics of Flink's; empty
// where the settings name none. Those that are not there yet are no failure.
func (i *Instance) farHealth(ctx context.Context) (string, error) {
	for _, c := range i.clusters {
		if c.far == nil {
			continue
		}
		err := c.far.reader.Check(ctx)
		var failed *prometheus.Error
		switch {
		case err == nil:
			return "Prometheus answers, and has metrics of Flink's tasks.", nil
		case errors.As(err, &failed) && failed.Kind == prometheus.NoMetrics:
			return sentence(err).Error(), nil
		}
		return "", err
	}
	return "", nil
}
