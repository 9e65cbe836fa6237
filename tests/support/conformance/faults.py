"""Everything that is done to answers, by name."""

from __future__ import annotations

from support.conformance import faults_bodies, faults_codes, faults_pages, faults_rows, faults_sequence, faults_wire
from support.conformance.striking import FAULTS as FAULTS

#: Importing a family puts its faults on the list.
FAMILIES = (faults_codes, faults_wire, faults_bodies, faults_rows, faults_pages, faults_sequence)
