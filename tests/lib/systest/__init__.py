# SPDX-License-Identifier: GPL-2.0-or-later
"""What the system tests share: the binary, its JSON contract, workloads, witnesses, leftovers.

Standard library only. A witness is anything that knows the truth and is not boundtop.
"""
