{# A loaded column as the type that it has to have. #}
{% macro typed(column, type) -%}
    {{ return(adapter.dispatch('typed', 'purchase_orders')(column, type)) }}
{%- endmacro %}

{% macro default__typed(column, type) -%}
    {{ column }}::{{ type }}
{%- endmacro %}

{# The tables have the types of the schemas, and `numeric` would be one of 3 digits. #}
{% macro duckdb__typed(column, type) -%}
    {{ column }}
{%- endmacro %}
