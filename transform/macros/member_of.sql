{# A member of an object as the type that it has to have. #}
{% macro member_of(column, member, type) -%}
    {{ return(adapter.dispatch('member_of', 'purchase_orders')(column, member, type)) }}
{%- endmacro %}

{% macro default__member_of(column, member, type) -%}
    {%- if type == 'jsonb' -%}
        {{ column }} -> '{{ member }}'
    {%- elif type == 'text' -%}
        {{ column }} ->> '{{ member }}'
    {%- else -%}
        ({{ column }} ->> '{{ member }}')::{{ type }}
    {%- endif -%}
{%- endmacro %}

{# An object is a STRUCT, whose members have the types of the schemas. #}
{% macro duckdb__member_of(column, member, type) -%}
    struct_extract({{ column }}, '{{ member }}')
{%- endmacro %}
