//go:build tools

// Package tools holds the API server's version and checksums; it is never built itself.
package tools

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
