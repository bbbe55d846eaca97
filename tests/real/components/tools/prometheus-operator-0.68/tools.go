//go:build tools

// Package tools holds the operator's version and checksums; it is never built itself.
package tools

import (
	_ "github.com/prometheus-operator/prometheus-operator/cmd/operator"
)
