"""What hostile servers and name servers give."""

from __future__ import annotations

import base64
import socket
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

# 256 MB of zeros
BROTLI_BOMB = base64.b85decode(
    "%m4pB_$L73u|OdA{*V9vfACKL#9<MD?)@MC|Nr2h0Eoi^0NwjP{{R2MKLHSj1pvDDfBgUdgMR`b4hsNu@BjG!{|EmBKpYkT=-&VF|NjsE34k~"
    "(0MNbv<NyC3{1X6iSOB1V|HuFTKlmpA;;;Zf_x_Ln|9|jL0K{PdfbRVt|NsBsp8$x%0s!6nKmPy!!9M{IhXnw-_kaBV|AT)5APx%vbnpN8|Nj"
    "U71V9`X0O;QT@&Er1{t19MECA5G|KtDvAN&&laaaJLd;iD(|3COA0OGI!K==NS|NnpRPXNSW0f6rPAOHXV;GY19!vX-^`#=8w|G_^25QhZ-y7z"
    "zl|Nn!30w4|x0CeyF`2YV0{{%oB769np|MCC-5B>>&I4l6rz5nC?{~!Dl0C89VpnLzv|NlSuCjjEG06_QtkN^LF@J|55VF7^d{U87T|KOhhh{F"
    "N^-TOcO|Np^10T71;0J`^o{Qv)he*z#53jlQQ|M>s^2mb^>92NlR-v9Cc{}28NfH*7w(7pfT|NkHS6992o0HAySHv"
)


class Book(AbstractResolver):
    """Resolves names from a table; each name to its next answer, the last one again and again."""

    def __init__(self, **names: list[str]) -> None:
        self.names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = self.names.get(host.split(".")[0])
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        address = found.pop(0) if len(found) > 1 else found[0]
        kind = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None: ...
