#!/bin/busybox sh
# First process of the virtual machine: mounts the disks, runs the suite, powers off.

/bin/busybox mkdir -p /sbin /usr/sbin /etc
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TMPDIR=/tmp DENO_DIR=/tmp/deno DENO_NO_UPDATE_CHECK=1 NO_COLOR=1

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /dev/shm
for module in virtio_pci virtio_blk loop quota_v2 xfs overlay; do
  modprobe "$module" || echo "init: no module $module"
done
ip link set lo up

disk() {
  mkdir -p "/mnt/$1" && mount -t "$2" -o "$3" "$4" "/mnt/$1" || echo "init: cannot mount $1"
}
while read -r name type options device; do
  disk "$name" "$type" "$options" "$device"
done </disks
disk tmpfs tmpfs size=256m tmpfs

stty -F /dev/ttyS1 raw -echo
REPORT_PORT=/dev/ttyS1 deno run -A --quiet --no-config --no-lock --no-remote --no-npm /suite.js >/dev/ttyS0 2>&1
echo "init: the suite ended with status $?"
echo "{\"end\":true}" >/dev/ttyS1
sync
poweroff -f
