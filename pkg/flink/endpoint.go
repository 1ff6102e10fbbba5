package flink

import "github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"

// The endpoints of Flink's REST API that are requested, as the plugin's metrics name
// them.
var (
	overviewPath          = remote.NewEndpoint(remote.Flink, "/overview")
	configPath            = remote.NewEndpoint(remote.Flink, "/config")
	infoPath              = remote.NewEndpoint(remote.Flink, "/v1/info")
	jobManagerConfigPath  = remote.NewEndpoint(remote.Flink, "/jobmanager/config")
	jobsPath              = remote.NewEndpoint(remote.Flink, "/jobs/overview")
	jobPath               = remote.NewEndpoint(remote.Flink, "/jobs/{job}")
	jobMetricsPath        = remote.NewEndpoint(remote.Flink, "/jobs/{job}/metrics")
	exceptionsPath        = remote.NewEndpoint(remote.Flink, "/jobs/{job}/exceptions")
	checkpointsPath       = remote.NewEndpoint(remote.Flink, "/jobs/{job}/checkpoints")
	checkpointConfigPath  = remote.NewEndpoint(remote.Flink, "/jobs/{job}/checkpoints/config")
	checkpointPath        = remote.NewEndpoint(remote.Flink, "/jobs/{job}/checkpoints/details/{checkpoint}")
	taskCheckpointPath    = remote.NewEndpoint(remote.Flink, "/jobs/{job}/checkpoints/details/{checkpoint}/subtasks/{task}")
	taskPath              = remote.NewEndpoint(remote.Flink, "/jobs/{job}/vertices/{task}")
	backpressurePath      = remote.NewEndpoint(remote.Flink, "/jobs/{job}/vertices/{task}/backpressure")
	flameGraphPath        = remote.NewEndpoint(remote.Flink, "/jobs/{job}/vertices/{task}/flamegraph")
	taskMetricsPath       = remote.NewEndpoint(remote.Flink, "/jobs/{job}/vertices/{task}/metrics")
	aggregatedMetricsPath = remote.NewEndpoint(remote.Flink, "/jobs/{job}/vertices/{task}/subtasks/metrics")
	taskManagersPath      = remote.NewEndpoint(remote.Flink, "/taskmanagers")
	managerMetricsPath    = remote.NewEndpoint(remote.Flink, "/taskmanagers/{taskmanager}/metrics")
)
