// Command localkube is etcd, kube-apiserver, kube-controller-manager, kube-scheduler,
// kube-proxy and kubelet in one binary; the first argument picks the component.
// Two small ones of its own stand beside them: volumes and sweep.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	etcdmain "go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: localkube COMPONENT [FLAGS]")
		os.Exit(2)
	}
	os.Args = os.Args[1:]
	os.Exit(run(os.Args[0]))
}

func run(component string) int {
	var command *cobra.Command
	switch component {
	case "etcd":
		etcdmain.Main(os.Args)
		return 0
	case "kube-apiserver":
		command = apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		command = kcm.NewControllerManagerCommand()
	case "kube-scheduler":
		command = scheduler.NewSchedulerCommand()
	case "kube-proxy":
		command = proxy.NewProxyCommand()
	case "kubelet":
		// The kubelet makes its own context of signals; a second one may not be set up.
		command = kubelet.NewKubeletCommand(context.Background())
	case "volumes":
		command = newVolumesCommand()
	case "sweep":
		command = newSweepCommand()
	default:
		fmt.Fprintln(os.Stderr, "unknown component", component)
		return 2
	}
	return cli.Run(command)
}
