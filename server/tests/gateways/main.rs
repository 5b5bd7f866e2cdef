//! Real gateways in front of the real binary.
