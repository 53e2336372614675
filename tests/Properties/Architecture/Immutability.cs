using System.Reflection;

namespace Functional.Tests.Properties.Architecture;

/// <summary>Whether values of a type can change after construction.</summary>
static class Immutability
{
    static readonly Type[] Known =
    [
        typeof(string), typeof(decimal), typeof(Type), typeof(StringComparer), typeof(System.Globalization.CultureInfo),
        typeof(System.Text.RegularExpressions.Regex), typeof(System.Text.Json.JsonWriterOptions),
        typeof(System.Text.Json.JsonDocumentOptions), typeof(System.Text.Json.JsonReaderOptions),
        typeof(System.Numerics.BigInteger), typeof(System.Text.Encoding), typeof(System.Text.UTF8Encoding),
    ];

    static readonly string[] KnownNamespaces =
        ["System.Collections.Immutable", "System.Collections.Frozen", "LanguageExt"];

    // As immutable as what they hold; a lazy value is computed once, whoever asks first.
    static readonly string[] Transparent = ["ValueTuple", "Nullable", "Lazy"];

    /// <summary>True for known types, delegates, and own types whose fields are all read-only and immutable.</summary>
    public static bool Holds(Type type, Assembly own) => Holds(type, own, []);

    static bool Holds(Type type, Assembly own, HashSet<Type> assumed) =>
        type.IsPrimitive || type.IsEnum || type.IsGenericParameter || Known.Contains(type)
        || typeof(Delegate).IsAssignableFrom(type)
        || (KnownNamespaces.Contains(type.Namespace) && Arguments(type, own, assumed))
        || (type.Namespace == "System" && Transparent.Contains(type.Name.Split('`')[0]) && Arguments(type, own, assumed))
        || ((type.Assembly == own || type.Assembly == typeof(Fault).Assembly)
            && (!assumed.Add(type) || InstanceFields(type).All(field => Frozen(field, own, assumed))));

    static bool Arguments(Type type, Assembly own, HashSet<Type> assumed) =>
        type.GetGenericArguments().All(argument => Holds(argument, own, assumed));

    // An own type may keep a private array or index: it is the type's business not to write to it after construction.
    static bool Frozen(FieldInfo field, Assembly own, HashSet<Type> assumed) =>
        field.IsInitOnly && ((field.IsPrivate && IsTable(field.FieldType)) || Holds(field.FieldType, own, assumed));

    static bool IsTable(Type type) =>
        type.IsArray || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>));

    static IEnumerable<FieldInfo> InstanceFields(Type type)
    {
        for (var t = type; t is not null && t.Assembly == type.Assembly; t = t.BaseType)
        {
            foreach (var field in t.GetFields(
                BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly)) yield return field;
        }
    }
}
