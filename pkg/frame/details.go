package frame

import (
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// details are the columns that a subtasks query with "detail" has besides.
type details struct {
	soft, hard, inPool, outPool numbers
}

func newDetails(rows int) details {
	return details{newNumbers(rows), newNumbers(rows), newNumbers(rows), newNumbers(rows)}
}

func (d details) set(row int, detail job.Detail) {
	d.soft.share(row, detail.Soft)
	d.hard.share(row, detail.Hard)
	d.inPool.share(row, detail.InPool)
	d.outPool.share(row, detail.OutPool)
}

func (d details) fields() []*data.Field {
	return []*data.Field{
		d.soft.shareField("soft_backpressured"), d.hard.shareField("hard_backpressured"),
		d.inPool.shareField("in_pool_usage"), d.outPool.shareField("out_pool_usage"),
	}
}
