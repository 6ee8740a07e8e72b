# SPDX-License-Identifier: GPL-2.0-or-later
"""Distribution kernels in virtual machines: fetch them, make a disk from this machine's files, boot, hear the result."""
