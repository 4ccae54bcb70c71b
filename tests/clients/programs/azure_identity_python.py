"""azure-identity for Python: four of its credentials."""

from __future__ import annotations

import os
import sys
from typing import Any

from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from reach import AUTH, CERTIFICATE, DOCUMENT, RESOURCE, read_customers

TENANT, CLIENT = AUTH["tenant_id"], AUTH["client_id"]
OPTIONS: Any = {"authority": AUTH["authority"], "disable_instance_discovery": True}
CREDENTIALS: dict[str, Any] = {
    "client_secret": lambda: ClientSecretCredential(
        TENANT, CLIENT, AUTH["client_secret"], **OPTIONS
    ),
    "certificate": lambda: CertificateCredential(
        TENANT, CLIENT, CERTIFICATE, **OPTIONS
    ),
    "workload_identity": lambda: WorkloadIdentityCredential(**OPTIONS),
    "azure_identity": ManagedIdentityCredential,
}

name = sys.argv[1]
os.environ |= DOCUMENT["sign_ins"][name]["environment"]
read_customers(CREDENTIALS[name]().get_token(f"{RESOURCE}/.default").token)
