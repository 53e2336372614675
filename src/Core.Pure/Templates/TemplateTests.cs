using Functional.Base;
using V = Functional.Templates.TemplateValue;

namespace Functional.Templates;

/// <summary>What may stand behind <c>is</c>.</summary>
static class TemplateTests
{
    /// <summary>Every test.</summary>
    public static Vec<string> Names { get; } =
    [
        "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "even", "false", "filter", "float", "ge", "greaterthan", "gt", "in", "integer",
        "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne", "none", "number", "odd", "sameas", "sequence", "string", "test", "true", "undefined",
            "upper",
    ];

    /// <summary>Whether a value passes.</summary>
    public static bool Holds(string name, V value, Arguments given)
    {
        switch (name)
        {
            case "eq" or "equalto" or "ne" or "lt" or "lessthan" or "le" or "gt" or "greaterthan" or "ge" or "in" or "sameas" or "divisibleby":
                given.Only(name, "other");
                return Binary(name, value, given.Get(0, "other"), given);
            case "filter" or "test":
                given.Only(name);
                return (name == "filter" ? TemplateFilters.Names : Names).Contains(PythonText.Of(value));
            default:
                given.Only(name);
                return Unary(name, value, given);
        }
    }

    static bool Binary(string name, V value, V other, Arguments given) => name switch
    {
        "eq" or "equalto" => Operators.Equal(value, other),
        "ne" => !Operators.Equal(value, other),
        "lt" or "lessthan" => Operators.Holds(given.At, "<", value, other),
        "le" => Operators.Holds(given.At, "<=", value, other),
        "gt" or "greaterthan" => Operators.Holds(given.At, ">", value, other),
        "ge" => Operators.Holds(given.At, ">=", value, other),
        "in" => Operators.Holds(given.At, "in", value, other),
        "sameas" => value.GetType() == other.GetType() && (value is V.List or V.Map or V.Cell ? ReferenceEquals(value, other) : Operators.Equal(value, other)),
        _ => Rest(value, other, given) == 0,
    };

    static bool Unary(string name, V value, Arguments given) => name switch
    {
        "boolean" => value is V.Bool,
        "callable" => value is V.Function,
        "defined" => value is not V.Undefined,
        "undefined" => value is V.Undefined,
        "even" => Rest(value, V.Of(2), given) == 0,
        "odd" => Rest(value, V.Of(2), given) == 1,
        "true" => value is V.Bool { Value: true },
        "false" => value is V.Bool { Value: false },
        "float" => value is V.Real,
        "integer" => value is V.Whole,
        "number" => Operators.Number(value) is not null,
        "none" => value is V.None,
        "string" => value is V.Text,
        "mapping" => value is V.Map,
        "sequence" => value is V.Text or V.List or V.Map or V.Undefined,
        "iterable" => value is V.Text or V.List or V.Map or V.Undefined or V.Loop,
        "lower" => PythonText.IsLower(PythonText.Of(value)),
        _ => PythonText.IsUpper(PythonText.Of(value)),
    };

    static double Rest(V value, V by, Arguments given) =>
        Operators.Number(Operators.Binary(given.Budget, given.At, "%", value, by)) ?? throw given.Wrong($"{value.Kind} cannot be divided", "expected a number");
}
