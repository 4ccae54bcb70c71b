"""partnercenterservices, which AutoRest made from the REST specifications."""

from __future__ import annotations

import sys

from microsoft.store.partnercenterservices import MicrosoftPartnerStoreApis
from msrest.authentication import BasicTokenAuthentication
from reach import AUTH, say
from token_of_adal import token

credentials = BasicTokenAuthentication({"access_token": token()})
client = MicrosoftPartnerStoreApis(credentials, AUTH["authority"])
version = sys.argv[1]
# The names are AutoRest's own: the list of customers, one of them, and its orders.
customers = client.getvversioncustomersfilterfilter.value(version, size=0)
found = customers.items[0]
one = client.getvversioncustomerscustomer
assert one.id(found.id, version).company_profile.company_name
orders = one.value7(found.id, version, billing_type="oneTime").items
every = one.value7(found.id, version).items
assert {order.billing_cycle for order in orders} <= {"one_time", "oneTime"}
assert all(order.reference_customer_id == found.id for order in every)
assert one.id5(found.id, every[0].id, version).creation_date == every[0].creation_date
say(len(every))
