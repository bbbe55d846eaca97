//go:build tools

// Package tools holds the version and checksums of a Prometheus 2; it is never built itself.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
