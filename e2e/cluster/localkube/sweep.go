package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	remote "k8s.io/cri-client/pkg"
)

// newSweepCommand removes every pod of one container runtime, the way the kubelet would:
// networks and namespaces go with them, and no API server is needed.
func newSweepCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "sweep ENDPOINT",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return sweep(command.Context(), args[0])
		},
	}
}

func sweep(ctx context.Context, endpoint string) error {
	runtime, err := remote.NewRemoteRuntimeService(endpoint, 20*time.Second, nil, nil)
	if err != nil {
		return err
	}
	pods, err := runtime.ListPodSandbox(ctx, nil)
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if err = runtime.StopPodSandbox(ctx, pod.Id); err != nil {
			return err
		}
		if err = runtime.RemovePodSandbox(ctx, pod.Id); err != nil {
			return err
		}
	}
	return nil
}
