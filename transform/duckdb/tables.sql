-- Written by transform/duckdb/generate_tables.py from schemas/.
--
-- Makes a table of each stream, of all that the tap has written: the last record of
-- each key, numbers with all their digits, instants as TIMESTAMP in UTC. DuckDB 2.0 or
-- later. Tables that are there are made anew, in the current schema. Set before:
--
--   SET VARIABLE messages = 'messages/*.jsonl';  -- of the tap, or of target-jsonl
--   SET VARIABLE decimals = 'DECIMAL(38,9)';     -- for other than DECIMAL(38,18)

-- DuckDB takes the digits of a number in JSON where a DECIMAL is asked for. As JSON, as
-- text, and by `->` and `->>`, numbers become floats.
SELECT CASE
    WHEN json_transform('{"a":1234567890.1234567891}', '{"a":"DECIMAL(38,18)"}').a
        <> '1234567890.1234567891'::DECIMAL(38, 18)
        THEN error('DuckDB ' || version() || ' loses digits of JSON: 2.0 is needed')
END;

-- So that they stay elsewhere, numbers are made text, between marks.
CREATE OR REPLACE TEMP MACRO mark() AS chr(64976) || '#';

CREATE OR REPLACE TEMP MACRO numbers_as_text(json) AS
    regexp_replace(
        json,
        '("(?:[^"\\]|\\.)*")|(-?[0-9][-+.0-9eE]*)',
        '\1' || chr(1) || '\2' || chr(2),
        'g'
    )
    .replace(chr(1) || chr(2), '')
    .replace(chr(1), '"' || mark())
    .replace(chr(2), mark() || '"');

CREATE OR REPLACE TEMP MACRO digits(number) AS replace(number, mark(), '');

CREATE OR REPLACE TEMP MACRO exact_json(json) AS
    replace(replace(json::VARCHAR, '"' || mark(), ''), mark() || '"', '')::JSON;

-- How many digits behind the point a number in JSON has.
CREATE OR REPLACE TEMP MACRO fraction_digits(number) AS
    length(rtrim(regexp_extract(number, '\.([0-9]+)', 1), '0'))
    - coalesce(try_cast(regexp_extract(number, '[eE]([+-]?[0-9]+)$', 1) AS INTEGER), 0);

CREATE OR REPLACE TEMP MACRO decimals() AS
    coalesce(getvariable('decimals'), 'DECIMAL(38,18)');

CREATE OR REPLACE TEMP MACRO loses_digits(number, as_decimal) AS
    number IS NOT NULL
    AND (
        as_decimal IS NULL
        OR fraction_digits(digits(number))
        > regexp_extract(decimals(), ',([0-9]+)', 1)::INTEGER
    );

-- A line is a message, or a record in a file that is named for its stream.
CREATE OR REPLACE TEMP TABLE singer_messages AS
SELECT
    if(
        type = 'RECORD',
        json ->> 'stream',
        regexp_replace(parse_filename(filename, true), '-[0-9T]+$', '')
    ) AS stream,
    if(type = 'RECORD', json::VARCHAR, '{"record":' || json || '}') AS message,
    row_number() OVER (ORDER BY filename, line_number) AS position
FROM (
    SELECT filename, json, json ->> 'type' AS type, row_number() OVER () AS line_number
    FROM read_ndjson_objects(getvariable('messages'), filename = true)
)
WHERE coalesce(type, '') NOT IN ('SCHEMA', 'STATE', 'ACTIVATE_VERSION', 'BATCH');

SELECT CASE WHEN count(*) > 0 THEN error('the messages contain ' || mark()) END
FROM singer_messages
WHERE contains(message, mark());

CREATE OR REPLACE TEMP TABLE singer_rows AS
SELECT
    json_transform(
        message,
        replace(
            '{"record":{"id":"VARCHAR","commerceId":"VARCHAR","companyProfile":{"tenantId":"VARCHAR","domain":"VARCHAR","companyName":"VARCHAR","organizationRegistrationNumber":"VARCHAR","address":{"country":"VARCHAR","region":"VARCHAR","city":"VARCHAR","state":"VARCHAR","addressLine1":"VARCHAR","addressLine2":"VARCHAR","postalCode":"VARCHAR","firstName":"VARCHAR","middleName":"VARCHAR","lastName":"VARCHAR","phoneNumber":"VARCHAR"},"email":"VARCHAR","links":{"self":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"}},"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}},"billingProfile":{"id":"VARCHAR","firstName":"VARCHAR","lastName":"VARCHAR","email":"VARCHAR","culture":"VARCHAR","language":"VARCHAR","companyName":"VARCHAR","defaultAddress":{"country":"VARCHAR","region":"VARCHAR","city":"VARCHAR","state":"VARCHAR","addressLine1":"VARCHAR","addressLine2":"VARCHAR","postalCode":"VARCHAR","firstName":"VARCHAR","middleName":"VARCHAR","lastName":"VARCHAR","phoneNumber":"VARCHAR"},"links":{"self":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"}},"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}},"relationshipToPartner":"VARCHAR","allowDelegatedAccess":"BOOLEAN","customDomains":["VARCHAR"],"associatedPartnerId":"VARCHAR","enableGDAPByDefault":"BOOLEAN","links":{"self":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"}},"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}},"time_extracted":"TIMESTAMP"}',
            'DECIMAL(38,18)',
            decimals()
        )
    ) AS typed,
    json_transform(
        numbers_as_text(message),
        '{"record":{"id":"VARCHAR","commerceId":"VARCHAR","companyProfile":{"tenantId":"VARCHAR","domain":"VARCHAR","companyName":"VARCHAR","organizationRegistrationNumber":"VARCHAR","address":{"country":"VARCHAR","region":"VARCHAR","city":"VARCHAR","state":"VARCHAR","addressLine1":"VARCHAR","addressLine2":"VARCHAR","postalCode":"VARCHAR","firstName":"VARCHAR","middleName":"VARCHAR","lastName":"VARCHAR","phoneNumber":"VARCHAR"},"email":"VARCHAR","links":{"self":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"}},"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}},"billingProfile":{"id":"VARCHAR","firstName":"VARCHAR","lastName":"VARCHAR","email":"VARCHAR","culture":"VARCHAR","language":"VARCHAR","companyName":"VARCHAR","defaultAddress":{"country":"VARCHAR","region":"VARCHAR","city":"VARCHAR","state":"VARCHAR","addressLine1":"VARCHAR","addressLine2":"VARCHAR","postalCode":"VARCHAR","firstName":"VARCHAR","middleName":"VARCHAR","lastName":"VARCHAR","phoneNumber":"VARCHAR"},"links":{"self":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"}},"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}},"relationshipToPartner":"VARCHAR","allowDelegatedAccess":"BOOLEAN","customDomains":["VARCHAR"],"associatedPartnerId":"VARCHAR","enableGDAPByDefault":"BOOLEAN","links":{"self":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"}},"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}},"time_extracted":"TIMESTAMP"}'
    ) AS texts
FROM singer_messages
WHERE stream = 'customers'
QUALIFY row_number() OVER (PARTITION BY message ->> '$.record.id' ORDER BY position DESC) = 1;

CREATE OR REPLACE TABLE customers AS
SELECT
    typed.record."id" AS "id",
    typed.record."commerceId" AS "commerceId",
    if(typed.record."companyProfile" IS NULL, NULL, {'tenantId': typed.record."companyProfile"."tenantId", 'domain': typed.record."companyProfile"."domain", 'companyName': typed.record."companyProfile"."companyName", 'organizationRegistrationNumber': typed.record."companyProfile"."organizationRegistrationNumber", 'address': typed.record."companyProfile"."address", 'email': typed.record."companyProfile"."email", 'links': if(typed.record."companyProfile"."links" IS NULL, NULL, {'self': if(typed.record."companyProfile"."links"."self" IS NULL, NULL, {'uri': typed.record."companyProfile"."links"."self"."uri", 'method': typed.record."companyProfile"."links"."self"."method", 'headers': typed.record."companyProfile"."links"."self"."headers", 'body': exact_json(texts.record."companyProfile"."links"."self"."body")})}), 'attributes': typed.record."companyProfile"."attributes"}) AS "companyProfile",
    if(typed.record."billingProfile" IS NULL, NULL, {'id': typed.record."billingProfile"."id", 'firstName': typed.record."billingProfile"."firstName", 'lastName': typed.record."billingProfile"."lastName", 'email': typed.record."billingProfile"."email", 'culture': typed.record."billingProfile"."culture", 'language': typed.record."billingProfile"."language", 'companyName': typed.record."billingProfile"."companyName", 'defaultAddress': typed.record."billingProfile"."defaultAddress", 'links': if(typed.record."billingProfile"."links" IS NULL, NULL, {'self': if(typed.record."billingProfile"."links"."self" IS NULL, NULL, {'uri': typed.record."billingProfile"."links"."self"."uri", 'method': typed.record."billingProfile"."links"."self"."method", 'headers': typed.record."billingProfile"."links"."self"."headers", 'body': exact_json(texts.record."billingProfile"."links"."self"."body")})}), 'attributes': typed.record."billingProfile"."attributes"}) AS "billingProfile",
    typed.record."relationshipToPartner" AS "relationshipToPartner",
    typed.record."allowDelegatedAccess" AS "allowDelegatedAccess",
    typed.record."customDomains" AS "customDomains",
    typed.record."associatedPartnerId" AS "associatedPartnerId",
    typed.record."enableGDAPByDefault" AS "enableGDAPByDefault",
    if(typed.record."links" IS NULL, NULL, {'self': if(typed.record."links"."self" IS NULL, NULL, {'uri': typed.record."links"."self"."uri", 'method': typed.record."links"."self"."method", 'headers': typed.record."links"."self"."headers", 'body': exact_json(texts.record."links"."self"."body")})}) AS "links",
    typed.record."attributes" AS "attributes",
    typed.time_extracted AS _sdc_extracted_at,
    now() AT TIME ZONE 'UTC' AS _sdc_batched_at
FROM singer_rows;

CREATE OR REPLACE TEMP TABLE singer_rows AS
SELECT
    json_transform(
        message,
        replace(
            '{"record":{"issue_id":"VARCHAR","upstream":"VARCHAR","stream":"VARCHAR","record_key":"VARCHAR","kind":"VARCHAR","field":"VARCHAR","http_status":"BIGINT","error_code":"VARCHAR","message":"VARCHAR","correlation_id":"VARCHAR","payload":"VARCHAR","observed_at":"TIMESTAMP"},"time_extracted":"TIMESTAMP"}',
            'DECIMAL(38,18)',
            decimals()
        )
    ) AS typed,
    json_transform(
        numbers_as_text(message),
        '{"record":{"issue_id":"VARCHAR","upstream":"VARCHAR","stream":"VARCHAR","record_key":"VARCHAR","kind":"VARCHAR","field":"VARCHAR","http_status":"BIGINT","error_code":"VARCHAR","message":"VARCHAR","correlation_id":"VARCHAR","payload":"VARCHAR","observed_at":"TIMESTAMP"},"time_extracted":"TIMESTAMP"}'
    ) AS texts
FROM singer_messages
WHERE stream = 'extraction_issues'
QUALIFY row_number() OVER (PARTITION BY message ->> '$.record.issue_id' ORDER BY position DESC) = 1;

CREATE OR REPLACE TABLE extraction_issues AS
SELECT
    typed.record."issue_id" AS "issue_id",
    typed.record."upstream" AS "upstream",
    typed.record."stream" AS "stream",
    typed.record."record_key" AS "record_key",
    typed.record."kind" AS "kind",
    typed.record."field" AS "field",
    typed.record."http_status" AS "http_status",
    typed.record."error_code" AS "error_code",
    typed.record."message" AS "message",
    typed.record."correlation_id" AS "correlation_id",
    typed.record."payload" AS "payload",
    typed.record."observed_at" AS "observed_at",
    typed.time_extracted AS _sdc_extracted_at,
    now() AT TIME ZONE 'UTC' AS _sdc_batched_at
FROM singer_rows;

CREATE OR REPLACE TEMP TABLE singer_rows AS
SELECT
    json_transform(
        message,
        replace(
            '{"record":{"run_id":"VARCHAR","upstream":"VARCHAR","started_at":"TIMESTAMP","ended_at":"TIMESTAMP","seconds":"DECIMAL(38,18)","outcome":"VARCHAR","requests":"BIGINT","repeats":"BIGINT","rate_limit_wait_seconds":"DECIMAL(38,18)","keys_done":"BIGINT","keys_total":"BIGINT","records":"BIGINT","issues":"BIGINT","shard_index":"BIGINT","shard_count":"BIGINT","tap_version":"VARCHAR"},"time_extracted":"TIMESTAMP"}',
            'DECIMAL(38,18)',
            decimals()
        )
    ) AS typed,
    json_transform(
        numbers_as_text(message),
        '{"record":{"run_id":"VARCHAR","upstream":"VARCHAR","started_at":"TIMESTAMP","ended_at":"TIMESTAMP","seconds":"VARCHAR","outcome":"VARCHAR","requests":"BIGINT","repeats":"BIGINT","rate_limit_wait_seconds":"VARCHAR","keys_done":"BIGINT","keys_total":"BIGINT","records":"BIGINT","issues":"BIGINT","shard_index":"BIGINT","shard_count":"BIGINT","tap_version":"VARCHAR"},"time_extracted":"TIMESTAMP"}'
    ) AS texts
FROM singer_messages
WHERE stream = 'extraction_runs'
QUALIFY row_number() OVER (PARTITION BY message ->> '$.record.run_id', message ->> '$.record.upstream' ORDER BY position DESC) = 1;

SELECT CASE
    WHEN count(*) > 0
        THEN error(
            'extraction_runs: ' || count(*) || ' records have a number that ' || decimals()
            || ' does not hold (set the variable decimals), such as '
            || digits(left(min(texts.record)::VARCHAR, 200))
        )
END
FROM singer_rows
WHERE loses_digits(texts.record."seconds", typed.record."seconds")
    OR loses_digits(texts.record."rate_limit_wait_seconds", typed.record."rate_limit_wait_seconds");

CREATE OR REPLACE TABLE extraction_runs AS
SELECT
    typed.record."run_id" AS "run_id",
    typed.record."upstream" AS "upstream",
    typed.record."started_at" AS "started_at",
    typed.record."ended_at" AS "ended_at",
    typed.record."seconds" AS "seconds",
    typed.record."outcome" AS "outcome",
    typed.record."requests" AS "requests",
    typed.record."repeats" AS "repeats",
    typed.record."rate_limit_wait_seconds" AS "rate_limit_wait_seconds",
    typed.record."keys_done" AS "keys_done",
    typed.record."keys_total" AS "keys_total",
    typed.record."records" AS "records",
    typed.record."issues" AS "issues",
    typed.record."shard_index" AS "shard_index",
    typed.record."shard_count" AS "shard_count",
    typed.record."tap_version" AS "tap_version",
    typed.time_extracted AS _sdc_extracted_at,
    now() AT TIME ZONE 'UTC' AS _sdc_batched_at
FROM singer_rows;

CREATE OR REPLACE TEMP TABLE singer_rows AS
SELECT
    json_transform(
        message,
        replace(
            '{"record":{"referenceCustomerId":"VARCHAR","orderId":"VARCHAR","attachmentId":"VARCHAR","fileName":"VARCHAR","sizeInKB":"BIGINT","attachmentType":"VARCHAR","attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}},"time_extracted":"TIMESTAMP"}',
            'DECIMAL(38,18)',
            decimals()
        )
    ) AS typed,
    json_transform(
        numbers_as_text(message),
        '{"record":{"referenceCustomerId":"VARCHAR","orderId":"VARCHAR","attachmentId":"VARCHAR","fileName":"VARCHAR","sizeInKB":"BIGINT","attachmentType":"VARCHAR","attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}},"time_extracted":"TIMESTAMP"}'
    ) AS texts
FROM singer_messages
WHERE stream = 'order_attachments'
QUALIFY row_number() OVER (PARTITION BY message ->> '$.record.referenceCustomerId', message ->> '$.record.orderId', message ->> '$.record.attachmentId' ORDER BY position DESC) = 1;

CREATE OR REPLACE TABLE order_attachments AS
SELECT
    typed.record."referenceCustomerId" AS "referenceCustomerId",
    typed.record."orderId" AS "orderId",
    typed.record."attachmentId" AS "attachmentId",
    typed.record."fileName" AS "fileName",
    typed.record."sizeInKB" AS "sizeInKB",
    typed.record."attachmentType" AS "attachmentType",
    typed.record."attributes" AS "attributes",
    typed.time_extracted AS _sdc_extracted_at,
    now() AT TIME ZONE 'UTC' AS _sdc_batched_at
FROM singer_rows;

CREATE OR REPLACE TEMP TABLE singer_rows AS
SELECT
    json_transform(
        message,
        replace(
            '{"record":{"referenceCustomerId":"VARCHAR","orderId":"VARCHAR","lineItemNumber":"BIGINT","offerId":"VARCHAR","subscriptionId":"VARCHAR","parentSubscriptionId":"VARCHAR","friendlyName":"VARCHAR","quantity":"BIGINT","termDuration":"VARCHAR","transactionType":"VARCHAR","customTermEndDate":"TIMESTAMP","promotionId":"VARCHAR","partnerIdOnRecord":"VARCHAR","additionalPartnerIdsOnRecord":["VARCHAR"],"provisioningContext":"JSON","renewsTo":{"termDuration":"VARCHAR"},"attestationAccepted":"BOOLEAN","pricing":{"listPrice":"DECIMAL(38,18)","discountedPrice":"DECIMAL(38,18)","proratedPrice":"DECIMAL(38,18)","price":"DECIMAL(38,18)","extendedPrice":"DECIMAL(38,18)"},"purchaseCommitment":{"amount":"DECIMAL(38,18)","currency":"VARCHAR","grain":"VARCHAR"},"links":{"product":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"sku":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"availability":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"subscription":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"provisioningStatus":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"activationLinks":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"}},"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}},"time_extracted":"TIMESTAMP"}',
            'DECIMAL(38,18)',
            decimals()
        )
    ) AS typed,
    json_transform(
        numbers_as_text(message),
        '{"record":{"referenceCustomerId":"VARCHAR","orderId":"VARCHAR","lineItemNumber":"BIGINT","offerId":"VARCHAR","subscriptionId":"VARCHAR","parentSubscriptionId":"VARCHAR","friendlyName":"VARCHAR","quantity":"BIGINT","termDuration":"VARCHAR","transactionType":"VARCHAR","customTermEndDate":"TIMESTAMP","promotionId":"VARCHAR","partnerIdOnRecord":"VARCHAR","additionalPartnerIdsOnRecord":["VARCHAR"],"provisioningContext":"JSON","renewsTo":{"termDuration":"VARCHAR"},"attestationAccepted":"BOOLEAN","pricing":{"listPrice":"VARCHAR","discountedPrice":"VARCHAR","proratedPrice":"VARCHAR","price":"VARCHAR","extendedPrice":"VARCHAR"},"purchaseCommitment":{"amount":"VARCHAR","currency":"VARCHAR","grain":"VARCHAR"},"links":{"product":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"sku":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"availability":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"subscription":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"provisioningStatus":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"activationLinks":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"}},"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}},"time_extracted":"TIMESTAMP"}'
    ) AS texts
FROM singer_messages
WHERE stream = 'order_line_items'
QUALIFY row_number() OVER (PARTITION BY message ->> '$.record.referenceCustomerId', message ->> '$.record.orderId', message ->> '$.record.lineItemNumber' ORDER BY position DESC) = 1;

SELECT CASE
    WHEN count(*) > 0
        THEN error(
            'order_line_items: ' || count(*) || ' records have a number that ' || decimals()
            || ' does not hold (set the variable decimals), such as '
            || digits(left(min(texts.record)::VARCHAR, 200))
        )
END
FROM singer_rows
WHERE loses_digits(texts.record."pricing"."listPrice", typed.record."pricing"."listPrice")
    OR loses_digits(texts.record."pricing"."discountedPrice", typed.record."pricing"."discountedPrice")
    OR loses_digits(texts.record."pricing"."proratedPrice", typed.record."pricing"."proratedPrice")
    OR loses_digits(texts.record."pricing"."price", typed.record."pricing"."price")
    OR loses_digits(texts.record."pricing"."extendedPrice", typed.record."pricing"."extendedPrice")
    OR loses_digits(texts.record."purchaseCommitment"."amount", typed.record."purchaseCommitment"."amount");

CREATE OR REPLACE TABLE order_line_items AS
SELECT
    typed.record."referenceCustomerId" AS "referenceCustomerId",
    typed.record."orderId" AS "orderId",
    typed.record."lineItemNumber" AS "lineItemNumber",
    typed.record."offerId" AS "offerId",
    typed.record."subscriptionId" AS "subscriptionId",
    typed.record."parentSubscriptionId" AS "parentSubscriptionId",
    typed.record."friendlyName" AS "friendlyName",
    typed.record."quantity" AS "quantity",
    typed.record."termDuration" AS "termDuration",
    typed.record."transactionType" AS "transactionType",
    typed.record."customTermEndDate" AS "customTermEndDate",
    typed.record."promotionId" AS "promotionId",
    typed.record."partnerIdOnRecord" AS "partnerIdOnRecord",
    typed.record."additionalPartnerIdsOnRecord" AS "additionalPartnerIdsOnRecord",
    exact_json(texts.record."provisioningContext") AS "provisioningContext",
    typed.record."renewsTo" AS "renewsTo",
    typed.record."attestationAccepted" AS "attestationAccepted",
    typed.record."pricing" AS "pricing",
    typed.record."purchaseCommitment" AS "purchaseCommitment",
    if(typed.record."links" IS NULL, NULL, {'product': if(typed.record."links"."product" IS NULL, NULL, {'uri': typed.record."links"."product"."uri", 'method': typed.record."links"."product"."method", 'headers': typed.record."links"."product"."headers", 'body': exact_json(texts.record."links"."product"."body")}), 'sku': if(typed.record."links"."sku" IS NULL, NULL, {'uri': typed.record."links"."sku"."uri", 'method': typed.record."links"."sku"."method", 'headers': typed.record."links"."sku"."headers", 'body': exact_json(texts.record."links"."sku"."body")}), 'availability': if(typed.record."links"."availability" IS NULL, NULL, {'uri': typed.record."links"."availability"."uri", 'method': typed.record."links"."availability"."method", 'headers': typed.record."links"."availability"."headers", 'body': exact_json(texts.record."links"."availability"."body")}), 'subscription': if(typed.record."links"."subscription" IS NULL, NULL, {'uri': typed.record."links"."subscription"."uri", 'method': typed.record."links"."subscription"."method", 'headers': typed.record."links"."subscription"."headers", 'body': exact_json(texts.record."links"."subscription"."body")}), 'provisioningStatus': if(typed.record."links"."provisioningStatus" IS NULL, NULL, {'uri': typed.record."links"."provisioningStatus"."uri", 'method': typed.record."links"."provisioningStatus"."method", 'headers': typed.record."links"."provisioningStatus"."headers", 'body': exact_json(texts.record."links"."provisioningStatus"."body")}), 'activationLinks': if(typed.record."links"."activationLinks" IS NULL, NULL, {'uri': typed.record."links"."activationLinks"."uri", 'method': typed.record."links"."activationLinks"."method", 'headers': typed.record."links"."activationLinks"."headers", 'body': exact_json(texts.record."links"."activationLinks"."body")})}) AS "links",
    typed.record."attributes" AS "attributes",
    typed.time_extracted AS _sdc_extracted_at,
    now() AT TIME ZONE 'UTC' AS _sdc_batched_at
FROM singer_rows;

CREATE OR REPLACE TEMP TABLE singer_rows AS
SELECT
    json_transform(
        message,
        replace(
            '{"record":{"referenceCustomerId":"VARCHAR","orderId":"VARCHAR","orderLineItemId":"BIGINT","lineItemNumber":"BIGINT","status":"VARCHAR","quantityProvisioningInformation":[{"quantity":"BIGINT","status":"VARCHAR"}],"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}},"time_extracted":"TIMESTAMP"}',
            'DECIMAL(38,18)',
            decimals()
        )
    ) AS typed,
    json_transform(
        numbers_as_text(message),
        '{"record":{"referenceCustomerId":"VARCHAR","orderId":"VARCHAR","orderLineItemId":"BIGINT","lineItemNumber":"BIGINT","status":"VARCHAR","quantityProvisioningInformation":[{"quantity":"BIGINT","status":"VARCHAR"}],"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}},"time_extracted":"TIMESTAMP"}'
    ) AS texts
FROM singer_messages
WHERE stream = 'order_provisioning_status'
QUALIFY row_number() OVER (PARTITION BY message ->> '$.record.referenceCustomerId', message ->> '$.record.orderId', message ->> '$.record.lineItemNumber' ORDER BY position DESC) = 1;

CREATE OR REPLACE TABLE order_provisioning_status AS
SELECT
    typed.record."referenceCustomerId" AS "referenceCustomerId",
    typed.record."orderId" AS "orderId",
    typed.record."orderLineItemId" AS "orderLineItemId",
    typed.record."lineItemNumber" AS "lineItemNumber",
    typed.record."status" AS "status",
    typed.record."quantityProvisioningInformation" AS "quantityProvisioningInformation",
    typed.record."attributes" AS "attributes",
    typed.time_extracted AS _sdc_extracted_at,
    now() AT TIME ZONE 'UTC' AS _sdc_batched_at
FROM singer_rows;

CREATE OR REPLACE TEMP TABLE singer_rows AS
SELECT
    json_transform(
        message,
        replace(
            '{"record":{"referenceCustomerId":"VARCHAR","orderId":"VARCHAR","sequence":"BIGINT","previousStatus":"VARCHAR","status":"VARCHAR","orderCreationDate":"TIMESTAMP","observedAt":"TIMESTAMP"},"time_extracted":"TIMESTAMP"}',
            'DECIMAL(38,18)',
            decimals()
        )
    ) AS typed,
    json_transform(
        numbers_as_text(message),
        '{"record":{"referenceCustomerId":"VARCHAR","orderId":"VARCHAR","sequence":"BIGINT","previousStatus":"VARCHAR","status":"VARCHAR","orderCreationDate":"TIMESTAMP","observedAt":"TIMESTAMP"},"time_extracted":"TIMESTAMP"}'
    ) AS texts
FROM singer_messages
WHERE stream = 'order_status_changes'
QUALIFY row_number() OVER (PARTITION BY message ->> '$.record.referenceCustomerId', message ->> '$.record.orderId', message ->> '$.record.sequence' ORDER BY position DESC) = 1;

CREATE OR REPLACE TABLE order_status_changes AS
SELECT
    typed.record."referenceCustomerId" AS "referenceCustomerId",
    typed.record."orderId" AS "orderId",
    typed.record."sequence" AS "sequence",
    typed.record."previousStatus" AS "previousStatus",
    typed.record."status" AS "status",
    typed.record."orderCreationDate" AS "orderCreationDate",
    typed.record."observedAt" AS "observedAt",
    typed.time_extracted AS _sdc_extracted_at,
    now() AT TIME ZONE 'UTC' AS _sdc_batched_at
FROM singer_rows;

CREATE OR REPLACE TEMP TABLE singer_rows AS
SELECT
    json_transform(
        message,
        replace(
            '{"record":{"id":"VARCHAR","alternateId":"VARCHAR","referenceCustomerId":"VARCHAR","billingCycle":"VARCHAR","currencyCode":"VARCHAR","currencySymbol":"VARCHAR","lineItems":[{"lineItemNumber":"BIGINT","offerId":"VARCHAR","subscriptionId":"VARCHAR","parentSubscriptionId":"VARCHAR","friendlyName":"VARCHAR","quantity":"BIGINT","termDuration":"VARCHAR","transactionType":"VARCHAR","customTermEndDate":"TIMESTAMP","promotionId":"VARCHAR","partnerIdOnRecord":"VARCHAR","additionalPartnerIdsOnRecord":["VARCHAR"],"provisioningContext":"JSON","renewsTo":{"termDuration":"VARCHAR"},"attestationAccepted":"BOOLEAN","pricing":{"listPrice":"DECIMAL(38,18)","discountedPrice":"DECIMAL(38,18)","proratedPrice":"DECIMAL(38,18)","price":"DECIMAL(38,18)","extendedPrice":"DECIMAL(38,18)"},"purchaseCommitment":{"amount":"DECIMAL(38,18)","currency":"VARCHAR","grain":"VARCHAR"},"links":{"product":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"sku":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"availability":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"subscription":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"provisioningStatus":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"activationLinks":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"}},"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}}],"creationDate":"TIMESTAMP","status":"VARCHAR","transactionType":"VARCHAR","totalPrice":"DECIMAL(38,18)","partnerOnRecordAttestationAccepted":"BOOLEAN","links":{"self":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"provisioningStatus":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"patchOperation":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"}},"client":{"marketplaceCountry":"VARCHAR","deviceFamily":"VARCHAR","name":"VARCHAR"},"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"},"line_count":"BIGINT"},"time_extracted":"TIMESTAMP"}',
            'DECIMAL(38,18)',
            decimals()
        )
    ) AS typed,
    json_transform(
        numbers_as_text(message),
        '{"record":{"id":"VARCHAR","alternateId":"VARCHAR","referenceCustomerId":"VARCHAR","billingCycle":"VARCHAR","currencyCode":"VARCHAR","currencySymbol":"VARCHAR","lineItems":[{"lineItemNumber":"BIGINT","offerId":"VARCHAR","subscriptionId":"VARCHAR","parentSubscriptionId":"VARCHAR","friendlyName":"VARCHAR","quantity":"BIGINT","termDuration":"VARCHAR","transactionType":"VARCHAR","customTermEndDate":"TIMESTAMP","promotionId":"VARCHAR","partnerIdOnRecord":"VARCHAR","additionalPartnerIdsOnRecord":["VARCHAR"],"provisioningContext":"JSON","renewsTo":{"termDuration":"VARCHAR"},"attestationAccepted":"BOOLEAN","pricing":{"listPrice":"VARCHAR","discountedPrice":"VARCHAR","proratedPrice":"VARCHAR","price":"VARCHAR","extendedPrice":"VARCHAR"},"purchaseCommitment":{"amount":"VARCHAR","currency":"VARCHAR","grain":"VARCHAR"},"links":{"product":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"sku":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"availability":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"subscription":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"provisioningStatus":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"activationLinks":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"}},"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"}}],"creationDate":"TIMESTAMP","status":"VARCHAR","transactionType":"VARCHAR","totalPrice":"VARCHAR","partnerOnRecordAttestationAccepted":"BOOLEAN","links":{"self":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"provisioningStatus":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"},"patchOperation":{"uri":"VARCHAR","method":"VARCHAR","headers":[{"key":"VARCHAR","value":"VARCHAR"}],"body":"JSON"}},"client":{"marketplaceCountry":"VARCHAR","deviceFamily":"VARCHAR","name":"VARCHAR"},"attributes":{"etag":"VARCHAR","objectType":"VARCHAR"},"line_count":"BIGINT"},"time_extracted":"TIMESTAMP"}'
    ) AS texts
FROM singer_messages
WHERE stream = 'orders'
QUALIFY row_number() OVER (PARTITION BY message ->> '$.record.referenceCustomerId', message ->> '$.record.id' ORDER BY position DESC) = 1;

SELECT CASE
    WHEN count(*) > 0
        THEN error(
            'orders: ' || count(*) || ' records have a number that ' || decimals()
            || ' does not hold (set the variable decimals), such as '
            || digits(left(min(texts.record)::VARCHAR, 200))
        )
END
FROM singer_rows
WHERE len(list_filter(range(1, coalesce(len(texts.record."lineItems"), 0) + 1), lambda i0: loses_digits(texts.record."lineItems"[i0]."pricing"."listPrice", typed.record."lineItems"[i0]."pricing"."listPrice") OR loses_digits(texts.record."lineItems"[i0]."pricing"."discountedPrice", typed.record."lineItems"[i0]."pricing"."discountedPrice") OR loses_digits(texts.record."lineItems"[i0]."pricing"."proratedPrice", typed.record."lineItems"[i0]."pricing"."proratedPrice") OR loses_digits(texts.record."lineItems"[i0]."pricing"."price", typed.record."lineItems"[i0]."pricing"."price") OR loses_digits(texts.record."lineItems"[i0]."pricing"."extendedPrice", typed.record."lineItems"[i0]."pricing"."extendedPrice") OR loses_digits(texts.record."lineItems"[i0]."purchaseCommitment"."amount", typed.record."lineItems"[i0]."purchaseCommitment"."amount"))) > 0
    OR loses_digits(texts.record."totalPrice", typed.record."totalPrice");

CREATE OR REPLACE TABLE orders AS
SELECT
    typed.record."id" AS "id",
    typed.record."alternateId" AS "alternateId",
    typed.record."referenceCustomerId" AS "referenceCustomerId",
    typed.record."billingCycle" AS "billingCycle",
    typed.record."currencyCode" AS "currencyCode",
    typed.record."currencySymbol" AS "currencySymbol",
    list_transform(range(1, len(typed.record."lineItems") + 1), lambda i0: if(typed.record."lineItems"[i0] IS NULL, NULL, {'lineItemNumber': typed.record."lineItems"[i0]."lineItemNumber", 'offerId': typed.record."lineItems"[i0]."offerId", 'subscriptionId': typed.record."lineItems"[i0]."subscriptionId", 'parentSubscriptionId': typed.record."lineItems"[i0]."parentSubscriptionId", 'friendlyName': typed.record."lineItems"[i0]."friendlyName", 'quantity': typed.record."lineItems"[i0]."quantity", 'termDuration': typed.record."lineItems"[i0]."termDuration", 'transactionType': typed.record."lineItems"[i0]."transactionType", 'customTermEndDate': typed.record."lineItems"[i0]."customTermEndDate", 'promotionId': typed.record."lineItems"[i0]."promotionId", 'partnerIdOnRecord': typed.record."lineItems"[i0]."partnerIdOnRecord", 'additionalPartnerIdsOnRecord': typed.record."lineItems"[i0]."additionalPartnerIdsOnRecord", 'provisioningContext': exact_json(texts.record."lineItems"[i0]."provisioningContext"), 'renewsTo': typed.record."lineItems"[i0]."renewsTo", 'attestationAccepted': typed.record."lineItems"[i0]."attestationAccepted", 'pricing': typed.record."lineItems"[i0]."pricing", 'purchaseCommitment': typed.record."lineItems"[i0]."purchaseCommitment", 'links': if(typed.record."lineItems"[i0]."links" IS NULL, NULL, {'product': if(typed.record."lineItems"[i0]."links"."product" IS NULL, NULL, {'uri': typed.record."lineItems"[i0]."links"."product"."uri", 'method': typed.record."lineItems"[i0]."links"."product"."method", 'headers': typed.record."lineItems"[i0]."links"."product"."headers", 'body': exact_json(texts.record."lineItems"[i0]."links"."product"."body")}), 'sku': if(typed.record."lineItems"[i0]."links"."sku" IS NULL, NULL, {'uri': typed.record."lineItems"[i0]."links"."sku"."uri", 'method': typed.record."lineItems"[i0]."links"."sku"."method", 'headers': typed.record."lineItems"[i0]."links"."sku"."headers", 'body': exact_json(texts.record."lineItems"[i0]."links"."sku"."body")}), 'availability': if(typed.record."lineItems"[i0]."links"."availability" IS NULL, NULL, {'uri': typed.record."lineItems"[i0]."links"."availability"."uri", 'method': typed.record."lineItems"[i0]."links"."availability"."method", 'headers': typed.record."lineItems"[i0]."links"."availability"."headers", 'body': exact_json(texts.record."lineItems"[i0]."links"."availability"."body")}), 'subscription': if(typed.record."lineItems"[i0]."links"."subscription" IS NULL, NULL, {'uri': typed.record."lineItems"[i0]."links"."subscription"."uri", 'method': typed.record."lineItems"[i0]."links"."subscription"."method", 'headers': typed.record."lineItems"[i0]."links"."subscription"."headers", 'body': exact_json(texts.record."lineItems"[i0]."links"."subscription"."body")}), 'provisioningStatus': if(typed.record."lineItems"[i0]."links"."provisioningStatus" IS NULL, NULL, {'uri': typed.record."lineItems"[i0]."links"."provisioningStatus"."uri", 'method': typed.record."lineItems"[i0]."links"."provisioningStatus"."method", 'headers': typed.record."lineItems"[i0]."links"."provisioningStatus"."headers", 'body': exact_json(texts.record."lineItems"[i0]."links"."provisioningStatus"."body")}), 'activationLinks': if(typed.record."lineItems"[i0]."links"."activationLinks" IS NULL, NULL, {'uri': typed.record."lineItems"[i0]."links"."activationLinks"."uri", 'method': typed.record."lineItems"[i0]."links"."activationLinks"."method", 'headers': typed.record."lineItems"[i0]."links"."activationLinks"."headers", 'body': exact_json(texts.record."lineItems"[i0]."links"."activationLinks"."body")})}), 'attributes': typed.record."lineItems"[i0]."attributes"})) AS "lineItems",
    typed.record."creationDate" AS "creationDate",
    typed.record."status" AS "status",
    typed.record."transactionType" AS "transactionType",
    typed.record."totalPrice" AS "totalPrice",
    typed.record."partnerOnRecordAttestationAccepted" AS "partnerOnRecordAttestationAccepted",
    if(typed.record."links" IS NULL, NULL, {'self': if(typed.record."links"."self" IS NULL, NULL, {'uri': typed.record."links"."self"."uri", 'method': typed.record."links"."self"."method", 'headers': typed.record."links"."self"."headers", 'body': exact_json(texts.record."links"."self"."body")}), 'provisioningStatus': if(typed.record."links"."provisioningStatus" IS NULL, NULL, {'uri': typed.record."links"."provisioningStatus"."uri", 'method': typed.record."links"."provisioningStatus"."method", 'headers': typed.record."links"."provisioningStatus"."headers", 'body': exact_json(texts.record."links"."provisioningStatus"."body")}), 'patchOperation': if(typed.record."links"."patchOperation" IS NULL, NULL, {'uri': typed.record."links"."patchOperation"."uri", 'method': typed.record."links"."patchOperation"."method", 'headers': typed.record."links"."patchOperation"."headers", 'body': exact_json(texts.record."links"."patchOperation"."body")})}) AS "links",
    typed.record."client" AS "client",
    typed.record."attributes" AS "attributes",
    typed.record."line_count" AS "line_count",
    typed.time_extracted AS _sdc_extracted_at,
    now() AT TIME ZONE 'UTC' AS _sdc_batched_at
FROM singer_rows;

CREATE OR REPLACE TEMP TABLE singer_rows AS
SELECT
    json_transform(
        message,
        replace(
            '{"record":{"purchase_order_number":"VARCHAR","line_key":"VARCHAR","po_line_id":"VARCHAR","line_number":"DECIMAL(38,18)","gl_code":"VARCHAR","line_item_code":"VARCHAR","line_description":"VARCHAR","quantity":"DECIMAL(38,18)","unit_price":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"price_per_unit":"DECIMAL(38,18)","amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"line_vat_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"line_vat_breakdown":[{"vat_id":"VARCHAR","code":"VARCHAR","rate":"DECIMAL(38,18)","vat_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"jurisdiction_code":"VARCHAR"}],"line_allocations":[{"external_allocation_id":"VARCHAR","gl_code":"VARCHAR","amount":"DECIMAL(38,18)","tax":"DECIMAL(38,18)","percentage":"DECIMAL(38,18)","allocation_quantity":"DECIMAL(38,18)"}],"contractor_name":"VARCHAR","contractor_start_date":"DATE","closed_flag":"BOOLEAN","closed_by":"VARCHAR","closed_date":"DATE","closed_reason":"VARCHAR","cancel_flag":"BOOLEAN","cancel_date":"DATE","cancel_reason":"VARCHAR","taxable_flag":"BOOLEAN","tax_code_id":"VARCHAR","tax_name":"VARCHAR","type_1099":"VARCHAR","committed_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"amount_limit":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"unit_list_price":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"base_list_price":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"uninvoiced_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"received_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"progress_payment_rate":"DECIMAL(38,18)","item_category":"VARCHAR","item_category_id":"VARCHAR","hazard_class_id":"VARCHAR","unit_of_measure":"VARCHAR","committed_quantity":"DECIMAL(38,18)","ordered_quantity":"DECIMAL(38,18)","received_quantity":"DECIMAL(38,18)","uninvoiced_quantity":"DECIMAL(38,18)","service_line_start_date":"DATE","service_line_end_date":"DATE","match_basis":"VARCHAR","match_type":"VARCHAR","line_type":"VARCHAR","purchase_order_line_status":"VARCHAR","appzen_purchase_order_line_status":"VARCHAR","purchase_requisition_id":"VARCHAR","buyer":"VARCHAR","custom_json":"JSON","amortization_start_date":"TIMESTAMP","amortization_end_date":"TIMESTAMP","amortization_schedule_details":{"id":"BIGINT","name":"VARCHAR"},"hsn_sac_code":"VARCHAR","po_line_conditions":[{"scope":"VARCHAR","po_header_id":"VARCHAR","po_line_id":"VARCHAR","condition_category":"VARCHAR","condition_type":"VARCHAR","condition_supplier_id":"VARCHAR","condition_basis":"VARCHAR","planned_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"max_invoiceable_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"uninvoiced_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"is_statistical":"BOOLEAN"}]},"time_extracted":"TIMESTAMP"}',
            'DECIMAL(38,18)',
            decimals()
        )
    ) AS typed,
    json_transform(
        numbers_as_text(message),
        '{"record":{"purchase_order_number":"VARCHAR","line_key":"VARCHAR","po_line_id":"VARCHAR","line_number":"VARCHAR","gl_code":"VARCHAR","line_item_code":"VARCHAR","line_description":"VARCHAR","quantity":"VARCHAR","unit_price":{"amount":"VARCHAR","currency":"VARCHAR"},"price_per_unit":"VARCHAR","amount":{"amount":"VARCHAR","currency":"VARCHAR"},"line_vat_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"line_vat_breakdown":[{"vat_id":"VARCHAR","code":"VARCHAR","rate":"VARCHAR","vat_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"jurisdiction_code":"VARCHAR"}],"line_allocations":[{"external_allocation_id":"VARCHAR","gl_code":"VARCHAR","amount":"VARCHAR","tax":"VARCHAR","percentage":"VARCHAR","allocation_quantity":"VARCHAR"}],"contractor_name":"VARCHAR","contractor_start_date":"DATE","closed_flag":"BOOLEAN","closed_by":"VARCHAR","closed_date":"DATE","closed_reason":"VARCHAR","cancel_flag":"BOOLEAN","cancel_date":"DATE","cancel_reason":"VARCHAR","taxable_flag":"BOOLEAN","tax_code_id":"VARCHAR","tax_name":"VARCHAR","type_1099":"VARCHAR","committed_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"amount_limit":{"amount":"VARCHAR","currency":"VARCHAR"},"unit_list_price":{"amount":"VARCHAR","currency":"VARCHAR"},"base_list_price":{"amount":"VARCHAR","currency":"VARCHAR"},"uninvoiced_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"received_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"progress_payment_rate":"VARCHAR","item_category":"VARCHAR","item_category_id":"VARCHAR","hazard_class_id":"VARCHAR","unit_of_measure":"VARCHAR","committed_quantity":"VARCHAR","ordered_quantity":"VARCHAR","received_quantity":"VARCHAR","uninvoiced_quantity":"VARCHAR","service_line_start_date":"DATE","service_line_end_date":"DATE","match_basis":"VARCHAR","match_type":"VARCHAR","line_type":"VARCHAR","purchase_order_line_status":"VARCHAR","appzen_purchase_order_line_status":"VARCHAR","purchase_requisition_id":"VARCHAR","buyer":"VARCHAR","custom_json":"JSON","amortization_start_date":"TIMESTAMP","amortization_end_date":"TIMESTAMP","amortization_schedule_details":{"id":"BIGINT","name":"VARCHAR"},"hsn_sac_code":"VARCHAR","po_line_conditions":[{"scope":"VARCHAR","po_header_id":"VARCHAR","po_line_id":"VARCHAR","condition_category":"VARCHAR","condition_type":"VARCHAR","condition_supplier_id":"VARCHAR","condition_basis":"VARCHAR","planned_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"max_invoiceable_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"uninvoiced_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"is_statistical":"BOOLEAN"}]},"time_extracted":"TIMESTAMP"}'
    ) AS texts
FROM singer_messages
WHERE stream = 'purchase_order_lines'
QUALIFY row_number() OVER (PARTITION BY message ->> '$.record.purchase_order_number', message ->> '$.record.line_key' ORDER BY position DESC) = 1;

SELECT CASE
    WHEN count(*) > 0
        THEN error(
            'purchase_order_lines: ' || count(*) || ' records have a number that ' || decimals()
            || ' does not hold (set the variable decimals), such as '
            || digits(left(min(texts.record)::VARCHAR, 200))
        )
END
FROM singer_rows
WHERE loses_digits(texts.record."line_number", typed.record."line_number")
    OR loses_digits(texts.record."quantity", typed.record."quantity")
    OR loses_digits(texts.record."unit_price"."amount", typed.record."unit_price"."amount")
    OR loses_digits(texts.record."price_per_unit", typed.record."price_per_unit")
    OR loses_digits(texts.record."amount"."amount", typed.record."amount"."amount")
    OR loses_digits(texts.record."line_vat_amount"."amount", typed.record."line_vat_amount"."amount")
    OR len(list_filter(range(1, coalesce(len(texts.record."line_vat_breakdown"), 0) + 1), lambda i0: loses_digits(texts.record."line_vat_breakdown"[i0]."rate", typed.record."line_vat_breakdown"[i0]."rate") OR loses_digits(texts.record."line_vat_breakdown"[i0]."vat_amount"."amount", typed.record."line_vat_breakdown"[i0]."vat_amount"."amount"))) > 0
    OR len(list_filter(range(1, coalesce(len(texts.record."line_allocations"), 0) + 1), lambda i0: loses_digits(texts.record."line_allocations"[i0]."amount", typed.record."line_allocations"[i0]."amount") OR loses_digits(texts.record."line_allocations"[i0]."tax", typed.record."line_allocations"[i0]."tax") OR loses_digits(texts.record."line_allocations"[i0]."percentage", typed.record."line_allocations"[i0]."percentage") OR loses_digits(texts.record."line_allocations"[i0]."allocation_quantity", typed.record."line_allocations"[i0]."allocation_quantity"))) > 0
    OR loses_digits(texts.record."committed_amount"."amount", typed.record."committed_amount"."amount")
    OR loses_digits(texts.record."amount_limit"."amount", typed.record."amount_limit"."amount")
    OR loses_digits(texts.record."unit_list_price"."amount", typed.record."unit_list_price"."amount")
    OR loses_digits(texts.record."base_list_price"."amount", typed.record."base_list_price"."amount")
    OR loses_digits(texts.record."uninvoiced_amount"."amount", typed.record."uninvoiced_amount"."amount")
    OR loses_digits(texts.record."received_amount"."amount", typed.record."received_amount"."amount")
    OR loses_digits(texts.record."progress_payment_rate", typed.record."progress_payment_rate")
    OR loses_digits(texts.record."committed_quantity", typed.record."committed_quantity")
    OR loses_digits(texts.record."ordered_quantity", typed.record."ordered_quantity")
    OR loses_digits(texts.record."received_quantity", typed.record."received_quantity")
    OR loses_digits(texts.record."uninvoiced_quantity", typed.record."uninvoiced_quantity")
    OR len(list_filter(range(1, coalesce(len(texts.record."po_line_conditions"), 0) + 1), lambda i0: loses_digits(texts.record."po_line_conditions"[i0]."planned_amount"."amount", typed.record."po_line_conditions"[i0]."planned_amount"."amount") OR loses_digits(texts.record."po_line_conditions"[i0]."max_invoiceable_amount"."amount", typed.record."po_line_conditions"[i0]."max_invoiceable_amount"."amount") OR loses_digits(texts.record."po_line_conditions"[i0]."uninvoiced_amount"."amount", typed.record."po_line_conditions"[i0]."uninvoiced_amount"."amount"))) > 0;

CREATE OR REPLACE TABLE purchase_order_lines AS
SELECT
    typed.record."purchase_order_number" AS "purchase_order_number",
    typed.record."line_key" AS "line_key",
    typed.record."po_line_id" AS "po_line_id",
    typed.record."line_number" AS "line_number",
    typed.record."gl_code" AS "gl_code",
    typed.record."line_item_code" AS "line_item_code",
    typed.record."line_description" AS "line_description",
    typed.record."quantity" AS "quantity",
    typed.record."unit_price" AS "unit_price",
    typed.record."price_per_unit" AS "price_per_unit",
    typed.record."amount" AS "amount",
    typed.record."line_vat_amount" AS "line_vat_amount",
    typed.record."line_vat_breakdown" AS "line_vat_breakdown",
    typed.record."line_allocations" AS "line_allocations",
    typed.record."contractor_name" AS "contractor_name",
    typed.record."contractor_start_date" AS "contractor_start_date",
    typed.record."closed_flag" AS "closed_flag",
    typed.record."closed_by" AS "closed_by",
    typed.record."closed_date" AS "closed_date",
    typed.record."closed_reason" AS "closed_reason",
    typed.record."cancel_flag" AS "cancel_flag",
    typed.record."cancel_date" AS "cancel_date",
    typed.record."cancel_reason" AS "cancel_reason",
    typed.record."taxable_flag" AS "taxable_flag",
    typed.record."tax_code_id" AS "tax_code_id",
    typed.record."tax_name" AS "tax_name",
    typed.record."type_1099" AS "type_1099",
    typed.record."committed_amount" AS "committed_amount",
    typed.record."amount_limit" AS "amount_limit",
    typed.record."unit_list_price" AS "unit_list_price",
    typed.record."base_list_price" AS "base_list_price",
    typed.record."uninvoiced_amount" AS "uninvoiced_amount",
    typed.record."received_amount" AS "received_amount",
    typed.record."progress_payment_rate" AS "progress_payment_rate",
    typed.record."item_category" AS "item_category",
    typed.record."item_category_id" AS "item_category_id",
    typed.record."hazard_class_id" AS "hazard_class_id",
    typed.record."unit_of_measure" AS "unit_of_measure",
    typed.record."committed_quantity" AS "committed_quantity",
    typed.record."ordered_quantity" AS "ordered_quantity",
    typed.record."received_quantity" AS "received_quantity",
    typed.record."uninvoiced_quantity" AS "uninvoiced_quantity",
    typed.record."service_line_start_date" AS "service_line_start_date",
    typed.record."service_line_end_date" AS "service_line_end_date",
    typed.record."match_basis" AS "match_basis",
    typed.record."match_type" AS "match_type",
    typed.record."line_type" AS "line_type",
    typed.record."purchase_order_line_status" AS "purchase_order_line_status",
    typed.record."appzen_purchase_order_line_status" AS "appzen_purchase_order_line_status",
    typed.record."purchase_requisition_id" AS "purchase_requisition_id",
    typed.record."buyer" AS "buyer",
    exact_json(texts.record."custom_json") AS "custom_json",
    typed.record."amortization_start_date" AS "amortization_start_date",
    typed.record."amortization_end_date" AS "amortization_end_date",
    typed.record."amortization_schedule_details" AS "amortization_schedule_details",
    typed.record."hsn_sac_code" AS "hsn_sac_code",
    typed.record."po_line_conditions" AS "po_line_conditions",
    typed.time_extracted AS _sdc_extracted_at,
    now() AT TIME ZONE 'UTC' AS _sdc_batched_at
FROM singer_rows;

CREATE OR REPLACE TEMP TABLE singer_rows AS
SELECT
    json_transform(
        message,
        replace(
            '{"record":{"purchase_order_number":"VARCHAR","entity_id":"VARCHAR","entity_name":"VARCHAR","supplier_id":"VARCHAR","gl_code":"VARCHAR","payment_term_id":"VARCHAR","external_unique_id":"VARCHAR","comments":"VARCHAR","exchange_rate":{"conversion_rate":"DECIMAL(38,18)","from_currency_code":"VARCHAR","to_currency_code":"VARCHAR"},"start_date":"DATE","end_date":"DATE","total_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"amount_limit":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"min_release_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"email_address":"VARCHAR","purchase_requisition_id":"VARCHAR","purchase_order_type":"VARCHAR","purchase_order_status":"VARCHAR","appzen_purchase_order_status":"VARCHAR","ship_to_location":"VARCHAR","ship_to_location_id":"VARCHAR","requester":"VARCHAR","custom_json":"JSON","po_conditions":[{"scope":"VARCHAR","po_header_id":"VARCHAR","po_line_id":"VARCHAR","condition_category":"VARCHAR","condition_type":"VARCHAR","condition_supplier_id":"VARCHAR","condition_basis":"VARCHAR","planned_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"max_invoiceable_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"uninvoiced_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"is_statistical":"BOOLEAN"}],"purchase_order_lines":[{"po_line_id":"VARCHAR","line_number":"DECIMAL(38,18)","gl_code":"VARCHAR","line_item_code":"VARCHAR","line_description":"VARCHAR","quantity":"DECIMAL(38,18)","unit_price":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"price_per_unit":"DECIMAL(38,18)","amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"line_vat_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"line_vat_breakdown":[{"vat_id":"VARCHAR","code":"VARCHAR","rate":"DECIMAL(38,18)","vat_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"jurisdiction_code":"VARCHAR"}],"line_allocations":[{"external_allocation_id":"VARCHAR","gl_code":"VARCHAR","amount":"DECIMAL(38,18)","tax":"DECIMAL(38,18)","percentage":"DECIMAL(38,18)","allocation_quantity":"DECIMAL(38,18)"}],"contractor_name":"VARCHAR","contractor_start_date":"DATE","closed_flag":"BOOLEAN","closed_by":"VARCHAR","closed_date":"DATE","closed_reason":"VARCHAR","cancel_flag":"BOOLEAN","cancel_date":"DATE","cancel_reason":"VARCHAR","taxable_flag":"BOOLEAN","tax_code_id":"VARCHAR","tax_name":"VARCHAR","type_1099":"VARCHAR","committed_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"amount_limit":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"unit_list_price":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"base_list_price":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"uninvoiced_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"received_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"progress_payment_rate":"DECIMAL(38,18)","item_category":"VARCHAR","item_category_id":"VARCHAR","hazard_class_id":"VARCHAR","unit_of_measure":"VARCHAR","committed_quantity":"DECIMAL(38,18)","ordered_quantity":"DECIMAL(38,18)","received_quantity":"DECIMAL(38,18)","uninvoiced_quantity":"DECIMAL(38,18)","service_line_start_date":"DATE","service_line_end_date":"DATE","match_basis":"VARCHAR","match_type":"VARCHAR","line_type":"VARCHAR","purchase_order_line_status":"VARCHAR","appzen_purchase_order_line_status":"VARCHAR","purchase_requisition_id":"VARCHAR","buyer":"VARCHAR","custom_json":"JSON","amortization_start_date":"TIMESTAMP","amortization_end_date":"TIMESTAMP","amortization_schedule_details":{"id":"BIGINT","name":"VARCHAR"},"hsn_sac_code":"VARCHAR","po_line_conditions":[{"scope":"VARCHAR","po_header_id":"VARCHAR","po_line_id":"VARCHAR","condition_category":"VARCHAR","condition_type":"VARCHAR","condition_supplier_id":"VARCHAR","condition_basis":"VARCHAR","planned_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"max_invoiceable_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"uninvoiced_amount":{"amount":"DECIMAL(38,18)","currency":"VARCHAR"},"is_statistical":"BOOLEAN"}]}],"purchase_order_date":"DATE","line_count":"BIGINT"},"time_extracted":"TIMESTAMP"}',
            'DECIMAL(38,18)',
            decimals()
        )
    ) AS typed,
    json_transform(
        numbers_as_text(message),
        '{"record":{"purchase_order_number":"VARCHAR","entity_id":"VARCHAR","entity_name":"VARCHAR","supplier_id":"VARCHAR","gl_code":"VARCHAR","payment_term_id":"VARCHAR","external_unique_id":"VARCHAR","comments":"VARCHAR","exchange_rate":{"conversion_rate":"VARCHAR","from_currency_code":"VARCHAR","to_currency_code":"VARCHAR"},"start_date":"DATE","end_date":"DATE","total_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"amount_limit":{"amount":"VARCHAR","currency":"VARCHAR"},"min_release_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"email_address":"VARCHAR","purchase_requisition_id":"VARCHAR","purchase_order_type":"VARCHAR","purchase_order_status":"VARCHAR","appzen_purchase_order_status":"VARCHAR","ship_to_location":"VARCHAR","ship_to_location_id":"VARCHAR","requester":"VARCHAR","custom_json":"JSON","po_conditions":[{"scope":"VARCHAR","po_header_id":"VARCHAR","po_line_id":"VARCHAR","condition_category":"VARCHAR","condition_type":"VARCHAR","condition_supplier_id":"VARCHAR","condition_basis":"VARCHAR","planned_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"max_invoiceable_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"uninvoiced_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"is_statistical":"BOOLEAN"}],"purchase_order_lines":[{"po_line_id":"VARCHAR","line_number":"VARCHAR","gl_code":"VARCHAR","line_item_code":"VARCHAR","line_description":"VARCHAR","quantity":"VARCHAR","unit_price":{"amount":"VARCHAR","currency":"VARCHAR"},"price_per_unit":"VARCHAR","amount":{"amount":"VARCHAR","currency":"VARCHAR"},"line_vat_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"line_vat_breakdown":[{"vat_id":"VARCHAR","code":"VARCHAR","rate":"VARCHAR","vat_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"jurisdiction_code":"VARCHAR"}],"line_allocations":[{"external_allocation_id":"VARCHAR","gl_code":"VARCHAR","amount":"VARCHAR","tax":"VARCHAR","percentage":"VARCHAR","allocation_quantity":"VARCHAR"}],"contractor_name":"VARCHAR","contractor_start_date":"DATE","closed_flag":"BOOLEAN","closed_by":"VARCHAR","closed_date":"DATE","closed_reason":"VARCHAR","cancel_flag":"BOOLEAN","cancel_date":"DATE","cancel_reason":"VARCHAR","taxable_flag":"BOOLEAN","tax_code_id":"VARCHAR","tax_name":"VARCHAR","type_1099":"VARCHAR","committed_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"amount_limit":{"amount":"VARCHAR","currency":"VARCHAR"},"unit_list_price":{"amount":"VARCHAR","currency":"VARCHAR"},"base_list_price":{"amount":"VARCHAR","currency":"VARCHAR"},"uninvoiced_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"received_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"progress_payment_rate":"VARCHAR","item_category":"VARCHAR","item_category_id":"VARCHAR","hazard_class_id":"VARCHAR","unit_of_measure":"VARCHAR","committed_quantity":"VARCHAR","ordered_quantity":"VARCHAR","received_quantity":"VARCHAR","uninvoiced_quantity":"VARCHAR","service_line_start_date":"DATE","service_line_end_date":"DATE","match_basis":"VARCHAR","match_type":"VARCHAR","line_type":"VARCHAR","purchase_order_line_status":"VARCHAR","appzen_purchase_order_line_status":"VARCHAR","purchase_requisition_id":"VARCHAR","buyer":"VARCHAR","custom_json":"JSON","amortization_start_date":"TIMESTAMP","amortization_end_date":"TIMESTAMP","amortization_schedule_details":{"id":"BIGINT","name":"VARCHAR"},"hsn_sac_code":"VARCHAR","po_line_conditions":[{"scope":"VARCHAR","po_header_id":"VARCHAR","po_line_id":"VARCHAR","condition_category":"VARCHAR","condition_type":"VARCHAR","condition_supplier_id":"VARCHAR","condition_basis":"VARCHAR","planned_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"max_invoiceable_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"uninvoiced_amount":{"amount":"VARCHAR","currency":"VARCHAR"},"is_statistical":"BOOLEAN"}]}],"purchase_order_date":"DATE","line_count":"BIGINT"},"time_extracted":"TIMESTAMP"}'
    ) AS texts
FROM singer_messages
WHERE stream = 'purchase_orders'
QUALIFY row_number() OVER (PARTITION BY message ->> '$.record.purchase_order_number' ORDER BY position DESC) = 1;

SELECT CASE
    WHEN count(*) > 0
        THEN error(
            'purchase_orders: ' || count(*) || ' records have a number that ' || decimals()
            || ' does not hold (set the variable decimals), such as '
            || digits(left(min(texts.record)::VARCHAR, 200))
        )
END
FROM singer_rows
WHERE loses_digits(texts.record."exchange_rate"."conversion_rate", typed.record."exchange_rate"."conversion_rate")
    OR loses_digits(texts.record."total_amount"."amount", typed.record."total_amount"."amount")
    OR loses_digits(texts.record."amount_limit"."amount", typed.record."amount_limit"."amount")
    OR loses_digits(texts.record."min_release_amount"."amount", typed.record."min_release_amount"."amount")
    OR len(list_filter(range(1, coalesce(len(texts.record."po_conditions"), 0) + 1), lambda i0: loses_digits(texts.record."po_conditions"[i0]."planned_amount"."amount", typed.record."po_conditions"[i0]."planned_amount"."amount") OR loses_digits(texts.record."po_conditions"[i0]."max_invoiceable_amount"."amount", typed.record."po_conditions"[i0]."max_invoiceable_amount"."amount") OR loses_digits(texts.record."po_conditions"[i0]."uninvoiced_amount"."amount", typed.record."po_conditions"[i0]."uninvoiced_amount"."amount"))) > 0
    OR len(list_filter(range(1, coalesce(len(texts.record."purchase_order_lines"), 0) + 1), lambda i0: loses_digits(texts.record."purchase_order_lines"[i0]."line_number", typed.record."purchase_order_lines"[i0]."line_number") OR loses_digits(texts.record."purchase_order_lines"[i0]."quantity", typed.record."purchase_order_lines"[i0]."quantity") OR loses_digits(texts.record."purchase_order_lines"[i0]."unit_price"."amount", typed.record."purchase_order_lines"[i0]."unit_price"."amount") OR loses_digits(texts.record."purchase_order_lines"[i0]."price_per_unit", typed.record."purchase_order_lines"[i0]."price_per_unit") OR loses_digits(texts.record."purchase_order_lines"[i0]."amount"."amount", typed.record."purchase_order_lines"[i0]."amount"."amount") OR loses_digits(texts.record."purchase_order_lines"[i0]."line_vat_amount"."amount", typed.record."purchase_order_lines"[i0]."line_vat_amount"."amount") OR len(list_filter(range(1, coalesce(len(texts.record."purchase_order_lines"[i0]."line_vat_breakdown"), 0) + 1), lambda i1: loses_digits(texts.record."purchase_order_lines"[i0]."line_vat_breakdown"[i1]."rate", typed.record."purchase_order_lines"[i0]."line_vat_breakdown"[i1]."rate") OR loses_digits(texts.record."purchase_order_lines"[i0]."line_vat_breakdown"[i1]."vat_amount"."amount", typed.record."purchase_order_lines"[i0]."line_vat_breakdown"[i1]."vat_amount"."amount"))) > 0 OR len(list_filter(range(1, coalesce(len(texts.record."purchase_order_lines"[i0]."line_allocations"), 0) + 1), lambda i1: loses_digits(texts.record."purchase_order_lines"[i0]."line_allocations"[i1]."amount", typed.record."purchase_order_lines"[i0]."line_allocations"[i1]."amount") OR loses_digits(texts.record."purchase_order_lines"[i0]."line_allocations"[i1]."tax", typed.record."purchase_order_lines"[i0]."line_allocations"[i1]."tax") OR loses_digits(texts.record."purchase_order_lines"[i0]."line_allocations"[i1]."percentage", typed.record."purchase_order_lines"[i0]."line_allocations"[i1]."percentage") OR loses_digits(texts.record."purchase_order_lines"[i0]."line_allocations"[i1]."allocation_quantity", typed.record."purchase_order_lines"[i0]."line_allocations"[i1]."allocation_quantity"))) > 0 OR loses_digits(texts.record."purchase_order_lines"[i0]."committed_amount"."amount", typed.record."purchase_order_lines"[i0]."committed_amount"."amount") OR loses_digits(texts.record."purchase_order_lines"[i0]."amount_limit"."amount", typed.record."purchase_order_lines"[i0]."amount_limit"."amount") OR loses_digits(texts.record."purchase_order_lines"[i0]."unit_list_price"."amount", typed.record."purchase_order_lines"[i0]."unit_list_price"."amount") OR loses_digits(texts.record."purchase_order_lines"[i0]."base_list_price"."amount", typed.record."purchase_order_lines"[i0]."base_list_price"."amount") OR loses_digits(texts.record."purchase_order_lines"[i0]."uninvoiced_amount"."amount", typed.record."purchase_order_lines"[i0]."uninvoiced_amount"."amount") OR loses_digits(texts.record."purchase_order_lines"[i0]."received_amount"."amount", typed.record."purchase_order_lines"[i0]."received_amount"."amount") OR loses_digits(texts.record."purchase_order_lines"[i0]."progress_payment_rate", typed.record."purchase_order_lines"[i0]."progress_payment_rate") OR loses_digits(texts.record."purchase_order_lines"[i0]."committed_quantity", typed.record."purchase_order_lines"[i0]."committed_quantity") OR loses_digits(texts.record."purchase_order_lines"[i0]."ordered_quantity", typed.record."purchase_order_lines"[i0]."ordered_quantity") OR loses_digits(texts.record."purchase_order_lines"[i0]."received_quantity", typed.record."purchase_order_lines"[i0]."received_quantity") OR loses_digits(texts.record."purchase_order_lines"[i0]."uninvoiced_quantity", typed.record."purchase_order_lines"[i0]."uninvoiced_quantity") OR len(list_filter(range(1, coalesce(len(texts.record."purchase_order_lines"[i0]."po_line_conditions"), 0) + 1), lambda i1: loses_digits(texts.record."purchase_order_lines"[i0]."po_line_conditions"[i1]."planned_amount"."amount", typed.record."purchase_order_lines"[i0]."po_line_conditions"[i1]."planned_amount"."amount") OR loses_digits(texts.record."purchase_order_lines"[i0]."po_line_conditions"[i1]."max_invoiceable_amount"."amount", typed.record."purchase_order_lines"[i0]."po_line_conditions"[i1]."max_invoiceable_amount"."amount") OR loses_digits(texts.record."purchase_order_lines"[i0]."po_line_conditions"[i1]."uninvoiced_amount"."amount", typed.record."purchase_order_lines"[i0]."po_line_conditions"[i1]."uninvoiced_amount"."amount"))) > 0)) > 0;

CREATE OR REPLACE TABLE purchase_orders AS
SELECT
    typed.record."purchase_order_number" AS "purchase_order_number",
    typed.record."entity_id" AS "entity_id",
    typed.record."entity_name" AS "entity_name",
    typed.record."supplier_id" AS "supplier_id",
    typed.record."gl_code" AS "gl_code",
    typed.record."payment_term_id" AS "payment_term_id",
    typed.record."external_unique_id" AS "external_unique_id",
    typed.record."comments" AS "comments",
    typed.record."exchange_rate" AS "exchange_rate",
    typed.record."start_date" AS "start_date",
    typed.record."end_date" AS "end_date",
    typed.record."total_amount" AS "total_amount",
    typed.record."amount_limit" AS "amount_limit",
    typed.record."min_release_amount" AS "min_release_amount",
    typed.record."email_address" AS "email_address",
    typed.record."purchase_requisition_id" AS "purchase_requisition_id",
    typed.record."purchase_order_type" AS "purchase_order_type",
    typed.record."purchase_order_status" AS "purchase_order_status",
    typed.record."appzen_purchase_order_status" AS "appzen_purchase_order_status",
    typed.record."ship_to_location" AS "ship_to_location",
    typed.record."ship_to_location_id" AS "ship_to_location_id",
    typed.record."requester" AS "requester",
    exact_json(texts.record."custom_json") AS "custom_json",
    typed.record."po_conditions" AS "po_conditions",
    list_transform(range(1, len(typed.record."purchase_order_lines") + 1), lambda i0: if(typed.record."purchase_order_lines"[i0] IS NULL, NULL, {'po_line_id': typed.record."purchase_order_lines"[i0]."po_line_id", 'line_number': typed.record."purchase_order_lines"[i0]."line_number", 'gl_code': typed.record."purchase_order_lines"[i0]."gl_code", 'line_item_code': typed.record."purchase_order_lines"[i0]."line_item_code", 'line_description': typed.record."purchase_order_lines"[i0]."line_description", 'quantity': typed.record."purchase_order_lines"[i0]."quantity", 'unit_price': typed.record."purchase_order_lines"[i0]."unit_price", 'price_per_unit': typed.record."purchase_order_lines"[i0]."price_per_unit", 'amount': typed.record."purchase_order_lines"[i0]."amount", 'line_vat_amount': typed.record."purchase_order_lines"[i0]."line_vat_amount", 'line_vat_breakdown': typed.record."purchase_order_lines"[i0]."line_vat_breakdown", 'line_allocations': typed.record."purchase_order_lines"[i0]."line_allocations", 'contractor_name': typed.record."purchase_order_lines"[i0]."contractor_name", 'contractor_start_date': typed.record."purchase_order_lines"[i0]."contractor_start_date", 'closed_flag': typed.record."purchase_order_lines"[i0]."closed_flag", 'closed_by': typed.record."purchase_order_lines"[i0]."closed_by", 'closed_date': typed.record."purchase_order_lines"[i0]."closed_date", 'closed_reason': typed.record."purchase_order_lines"[i0]."closed_reason", 'cancel_flag': typed.record."purchase_order_lines"[i0]."cancel_flag", 'cancel_date': typed.record."purchase_order_lines"[i0]."cancel_date", 'cancel_reason': typed.record."purchase_order_lines"[i0]."cancel_reason", 'taxable_flag': typed.record."purchase_order_lines"[i0]."taxable_flag", 'tax_code_id': typed.record."purchase_order_lines"[i0]."tax_code_id", 'tax_name': typed.record."purchase_order_lines"[i0]."tax_name", 'type_1099': typed.record."purchase_order_lines"[i0]."type_1099", 'committed_amount': typed.record."purchase_order_lines"[i0]."committed_amount", 'amount_limit': typed.record."purchase_order_lines"[i0]."amount_limit", 'unit_list_price': typed.record."purchase_order_lines"[i0]."unit_list_price", 'base_list_price': typed.record."purchase_order_lines"[i0]."base_list_price", 'uninvoiced_amount': typed.record."purchase_order_lines"[i0]."uninvoiced_amount", 'received_amount': typed.record."purchase_order_lines"[i0]."received_amount", 'progress_payment_rate': typed.record."purchase_order_lines"[i0]."progress_payment_rate", 'item_category': typed.record."purchase_order_lines"[i0]."item_category", 'item_category_id': typed.record."purchase_order_lines"[i0]."item_category_id", 'hazard_class_id': typed.record."purchase_order_lines"[i0]."hazard_class_id", 'unit_of_measure': typed.record."purchase_order_lines"[i0]."unit_of_measure", 'committed_quantity': typed.record."purchase_order_lines"[i0]."committed_quantity", 'ordered_quantity': typed.record."purchase_order_lines"[i0]."ordered_quantity", 'received_quantity': typed.record."purchase_order_lines"[i0]."received_quantity", 'uninvoiced_quantity': typed.record."purchase_order_lines"[i0]."uninvoiced_quantity", 'service_line_start_date': typed.record."purchase_order_lines"[i0]."service_line_start_date", 'service_line_end_date': typed.record."purchase_order_lines"[i0]."service_line_end_date", 'match_basis': typed.record."purchase_order_lines"[i0]."match_basis", 'match_type': typed.record."purchase_order_lines"[i0]."match_type", 'line_type': typed.record."purchase_order_lines"[i0]."line_type", 'purchase_order_line_status': typed.record."purchase_order_lines"[i0]."purchase_order_line_status", 'appzen_purchase_order_line_status': typed.record."purchase_order_lines"[i0]."appzen_purchase_order_line_status", 'purchase_requisition_id': typed.record."purchase_order_lines"[i0]."purchase_requisition_id", 'buyer': typed.record."purchase_order_lines"[i0]."buyer", 'custom_json': exact_json(texts.record."purchase_order_lines"[i0]."custom_json"), 'amortization_start_date': typed.record."purchase_order_lines"[i0]."amortization_start_date", 'amortization_end_date': typed.record."purchase_order_lines"[i0]."amortization_end_date", 'amortization_schedule_details': typed.record."purchase_order_lines"[i0]."amortization_schedule_details", 'hsn_sac_code': typed.record."purchase_order_lines"[i0]."hsn_sac_code", 'po_line_conditions': typed.record."purchase_order_lines"[i0]."po_line_conditions"})) AS "purchase_order_lines",
    typed.record."purchase_order_date" AS "purchase_order_date",
    typed.record."line_count" AS "line_count",
    typed.time_extracted AS _sdc_extracted_at,
    now() AT TIME ZONE 'UTC' AS _sdc_batched_at
FROM singer_rows;

DROP TABLE singer_rows;
