package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	provisionerName     = "searchindex.local/volumes"
	provisionedBy       = "pv.kubernetes.io/provisioned-by"
	claimedProvisioner  = "volume.kubernetes.io/storage-provisioner"
	selectedNode        = "volume.kubernetes.io/selected-node"
	betweenLooksSeconds = 1
)

// volumes gives every claim of the storage class a directory, and takes it away with the claim.
// The volumes are of the kind "local", because to these fsGroup applies, as it does to a cloud's disks.
type volumes struct {
	client kubernetes.Interface
	root   string
}

func newVolumesCommand() *cobra.Command {
	var kubeconfig, root string
	command := &cobra.Command{
		Use:  "volumes",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			volumes{client: client, root: root}.serve(context.Background())
			return nil
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server")
	command.Flags().StringVar(&root, "root", "", "folder that holds a folder for every volume")
	return command
}

func (v volumes) serve(ctx context.Context) {
	for {
		if err := v.look(ctx); err != nil {
			fmt.Fprintln(os.Stderr, time.Now().Format(time.RFC3339), err)
		}
		time.Sleep(betweenLooksSeconds * time.Second)
	}
}

// look does once what there is to do. It remembers nothing, so that what failed is simply done at the next look.
func (v volumes) look(ctx context.Context) error {
	claims, err := v.client.CoreV1().PersistentVolumeClaims("").List(ctx, meta.ListOptions{})
	if err != nil {
		return err
	}
	for i := range claims.Items {
		claim := &claims.Items[i]
		wanted := claim.Annotations[claimedProvisioner] == provisionerName && claim.Annotations[selectedNode] != ""
		if wanted && claim.Status.Phase == v1.ClaimPending && claim.Spec.VolumeName == "" {
			if err = v.provide(ctx, claim); err != nil {
				return err
			}
		}
	}
	existing, err := v.client.CoreV1().PersistentVolumes().List(ctx, meta.ListOptions{})
	if err != nil {
		return err
	}
	for i := range existing.Items {
		if err = v.takeAway(ctx, &existing.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (v volumes) provide(ctx context.Context, claim *v1.PersistentVolumeClaim) error {
	name := "pvc-" + string(claim.UID)
	path := filepath.Join(v.root, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	node := claim.Annotations[selectedNode]
	_, err := v.client.CoreV1().PersistentVolumes().Create(ctx, volume(name, path, node, claim), meta.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func (v volumes) takeAway(ctx context.Context, volume *v1.PersistentVolume) error {
	if volume.Annotations[provisionedBy] != provisionerName || volume.Status.Phase != v1.VolumeReleased {
		return nil
	}
	if err := os.RemoveAll(filepath.Join(v.root, volume.Name)); err != nil {
		return err
	}
	return v.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, meta.DeleteOptions{})
}

func volume(name, path, node string, claim *v1.PersistentVolumeClaim) *v1.PersistentVolume {
	hostname := v1.NodeSelectorRequirement{Key: v1.LabelHostname, Operator: v1.NodeSelectorOpIn, Values: []string{node}}
	return &v1.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: provisionerName}},
		Spec: v1.PersistentVolumeSpec{
			Capacity:                      v1.ResourceList{v1.ResourceStorage: claim.Spec.Resources.Requests[v1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: v1.PersistentVolumeReclaimDelete,
			StorageClassName:              *claim.Spec.StorageClassName,
			ClaimRef: &v1.ObjectReference{
				Kind: "PersistentVolumeClaim", APIVersion: "v1",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			PersistentVolumeSource: v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: path}},
			NodeAffinity: &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{
				NodeSelectorTerms: []v1.NodeSelectorTerm{{MatchExpressions: []v1.NodeSelectorRequirement{hostname}}},
			}},
		},
	}
}
