package prometheus

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// The metrics of how far behind a task is: the watermark that has arrived, and of a
// source, which reports none, those that its operators send; the records that a source
// has not read yet.
const (
	inputWatermark  = prefix + "currentInputWatermark"
	outputWatermark = prefix + "operator_currentOutputWatermark"
	pendingRecords  = prefix + "operator_pendingRecords"
)

// lagColumns are how the columns of it are read: by task id, a value for each point.
var lagColumns = map[diagnosis.Column]func(context.Context, *session, grid) (map[string][]float64, error){
	diagnosis.WatermarkLag: watermarkLags,
	diagnosis.PendingRecords: func(ctx context.Context, s *session, points grid) (map[string][]float64, error) {
		return s.byTask(ctx, "sum by (%[1]s) (max by (%[1]s, %[2]s, operator_id) (%[3]s))", pendingRecords, points) // two Prometheus may scrape one target
	},
}

// addLags sets the columns of how far behind the tasks are.
func (r *Reader) addLags(ctx context.Context, query history.Query, points grid, summaries history.Summaries) (warnings history.Warnings, failed error) {
	for n, column := range query.Columns {
		read := lagColumns[column]
		if read == nil {
			continue
		}
		s, err := r.session(query.Job)
		if err != nil {
			return warnings, err
		}
		lags, more, err := answered(ctx, s, fmt.Sprint("lags ", column), points, func(ctx context.Context) (map[string][]float64, error) {
			return read(ctx, s, points)
		})
		warnings, failed = warnings.Add(more...), cmp.Or(failed, err)
		for i, at := range summaries.At {
			point, within := points.point(at.At.UnixMilli())
			for t := range summaries.Tasks {
				if values := lags[summaries.Tasks[t].ID]; within && values != nil {
					summaries.Tasks[t].Columns[n][i] = values[point]
				}
			}
		}
	}
	return warnings, failed
}

// watermarkLags are by how many seconds the lowest watermark of each task is behind.
func watermarkLags(ctx context.Context, s *session, points grid) (map[string][]float64, error) {
	const lowest = "min by (%[1]s) (%[3]s)"
	lags, err := s.byTask(ctx, lowest, outputWatermark, points)
	if err != nil {
		return nil, err
	}
	arrived, err := s.byTask(ctx, lowest, inputWatermark, points)
	if err != nil {
		return nil, err
	}
	for task, watermarks := range arrived {
		lags[task] = watermarks
	}
	for _, watermarks := range lags {
		for i, watermark := range watermarks {
			watermarks[i] = math.NaN()
			const noneYet, ended = -1 << 62, 1 << 62 // Flink reports the lowest and the highest number
			if watermark > noneYet && watermark < ended {
				watermarks[i] = max(float64(points.at(i).UnixMilli())-watermark, 0) / 1000
			}
		}
	}
	return lags, nil
}

// byTask reads a metric at some points, by the task's id, by a pattern for the label of
// that, the label of the subtask and the metric. A series that is scraped no more has no
// value: it is that of an attempt before.
func (s *session) byTask(ctx context.Context, pattern, metric string, points grid) (map[string][]float64, error) {
	matrix, err := s.overTime(ctx, fmt.Sprintf(pattern, taskIDLabel, subtaskLabel, metric+"{"+s.matcher+"}"), points)
	if err != nil {
		return nil, err
	}
	found := make(map[string][]float64, len(matrix))
	for _, series := range matrix {
		values := make([]float64, points.count)
		fill(values, series.Values, points)
		found[string(series.Metric[taskIDLabel])] = values
	}
	return found, nil
}
