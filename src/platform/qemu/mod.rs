//! Builders as QEMU machines on this computer.
