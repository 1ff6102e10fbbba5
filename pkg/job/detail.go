package job

// Detail says more of a subtask's backpressure: whether it is soft or hard,
// and how full its buffers are. All are shares, Unknown where Flink does not
// tell: before 1.15 it knows no soft and hard. A source's input is always
// empty.
type Detail struct {
	// Soft is the share of time that the subtask was backpressured but could
	// still take a little; Hard that it could not.
	Soft, Hard Share
	// InPool and OutPool are how full the input and output buffer pools are.
	InPool, OutPool Share
}
