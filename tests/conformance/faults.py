"""Everything that is done to answers, by name."""

from __future__ import annotations

import faults_bodies
import faults_codes
import faults_pages
import faults_rows
import faults_sequence
import faults_wire
from striking import FAULTS as FAULTS

#: Importing a family puts its faults on the list.
FAMILIES = (faults_codes, faults_wire, faults_bodies, faults_rows, faults_pages, faults_sequence)
