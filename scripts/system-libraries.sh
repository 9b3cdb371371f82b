#!/bin/sh
# Install the system libraries that Qt and a virtual screen need, where apt may be used;
# otherwise stop with the one line to type. Does nothing on macOS and where all are present.
set -eu

[ "$(uname -s)" = Linux ] || exit 0

packages="xvfb libegl1 libgl1 libgl1-mesa-dri libopengl0 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0
 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1"

if ! command -v dpkg-query >/dev/null 2>&1; then
  command -v Xvfb >/dev/null 2>&1 && exit 0
  echo "Xvfb and Qt's xcb libraries (libegl, libxkbcommon-x11, xcb-util-*) are needed." >&2
  echo "Install them with your package manager, for example:" >&2
  echo "  sudo dnf install xorg-x11-server-Xvfb mesa-libEGL libxkbcommon-x11 xcb-util-cursor xcb-util-wm xcb-util-keysyms xcb-util-image xcb-util-renderutil" >&2
  exit 1
fi

missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing system libraries:$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "System libraries are missing. Type this, then call make again:" >&2
  echo "  sudo apt-get update && sudo apt-get install -y$missing" >&2
  exit 1
fi
